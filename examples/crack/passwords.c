/* SPDX-License-Identifier: MIT */
#include "passwords.h"

uint64_t count_passwords(const alphabet *self, unsigned length)
{
	uint64_t of_length = 1, count = 0;

	for (; length > 0; --length) {
		if (__builtin_mul_overflow(of_length, self->count, &of_length)
			|| __builtin_add_overflow(count, of_length, &count))
			return UINT64_MAX;
	}
	return count;
}

static void set_letter(const alphabet *self, password *which, unsigned place, unsigned position)
{
	which->positions[place] = (unsigned char)position;
	which->text[place] = self->letters[position];
}

void find_password(const alphabet *self, uint64_t number, password *ret_password)
{
	uint64_t of_length = self->count;
	unsigned length = 1;

	for (; number >= of_length; ++length, of_length *= self->count)
		number -= of_length;
	*ret_password = (password){.length = length};
	for (unsigned place = length; place-- > 0; number /= self->count)
		set_letter(self, ret_password, place, (unsigned)(number % self->count));
}

/* As a number is counted up; behind the last one of a length comes the first one of the next. */
void advance_password(const alphabet *self, password *last)
{
	for (unsigned place = last->length; place-- > 0;) {
		if (last->positions[place] + 1u < self->count) {
			set_letter(self, last, place, last->positions[place] + 1u);
			return;
		}
		set_letter(self, last, place, 0);
	}
	if (last->length < MOST_LENGTH)
		set_letter(self, last, last->length++, 0);
}
