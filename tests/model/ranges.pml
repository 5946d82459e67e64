/* SPDX-License-Identifier: MIT */
/*
 * The ranges of a map (src/pool/README.md), with every order of steps in which workers, thieves, whoever recovers and the caller can come,
 * and with deaths between any two of them.  README.md beside this file tells how to run it.
 *
 * Memory is as on x86-64: everybody sees stores at once, but for those of a worker to its lane's first, which may wait in its processor until it
 * is fenced: others see `seen`, which runs after `first`.
 */

/* Workers, chunks, items a chunk, deaths; where the first lane's range ends. */
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef CHUNKS
#define CHUNKS 3
#endif
#ifndef ITEMS
#define ITEMS 1
#endif
#ifndef DEATHS
#define DEATHS 2
#endif
#ifndef SPLIT
#define SPLIT CHUNKS
#endif
/* What is left out or swapped on purpose, to see that it is noticed. */
#ifndef MISTAKE
#define MISTAKE 0
#endif

#define NO_ITEM 255
#define NOBODY 254
#define SOMEBODY_DEAD 253
#define NURSERY WORKERS

mtype = {FENCED, SWIFT, SLOWING};
mtype = {NONE, TRIED, DONE};
mtype = {PENDING, VALUE, KILLED};

byte first[WORKERS], seen[WORKERS], last[WORKERS], running[WORKERS];
mtype mode[WORKERS];
mtype theft = NONE;
byte thief, victim, loot_first, loot_last;
byte holder = NOBODY;
mtype verdict[CHUNKS * ITEMS];
byte runs[CHUNKS * ITEMS];
/* The crew. */
byte round = 1, entries, news;
bool inside[WORKERS];
bool is_over;
/* Deaths: the nursery is the last. */
byte deaths;
bool killed[WORKERS + 1], dead[WORKERS];

inline count(what)
{
#ifdef CALLER
	what++
#else
	skip
#endif
}

inline fence(who)
{
	if
	:: who < WORKERS -> seen[who] = first[who]
	:: else
	fi
}

/* What somebody else sees of first: any of the stores under way may have arrived. */
inline look_at_first(lane, ret)
{
	atomic {
		do
		:: seen[lane] < first[lane] -> seen[lane]++
		:: break
		od;
		ret = seen[lane]
	}
}

inline fill(lane, from, to)
{
	d_step { first[lane] = from; seen[lane] = from };
	last[lane] = to
}

inline finish_theft()
{
	if
	:: theft == TRIED -> last[victim] = loot_last
	:: theft == DONE -> fill(thief, loot_first, loot_last)
	:: else
	fi;
	theft = NONE
}

inline take_lock(who)
{
	atomic {
		holder == NOBODY || holder == SOMEBODY_DEAD;
		fence(who);
		is_left_behind = holder == SOMEBODY_DEAD;
		holder = who
	};
	if
	:: is_left_behind -> finish_theft()
	:: else
	fi;
	is_left_behind = false
}

inline release_lock()
{
	holder = NOBODY
}

inline settle()
{
#if MISTAKE != 3
	take_lock(self);
#endif
	if
	:: chunk < last[self]
	:: else ->
		running[self] = NO_ITEM;
		d_step { first[self] = chunk; seen[self] = chunk };
		chunk = NO_ITEM
	fi;
#if MISTAKE != 3
	release_lock()
#else
	skip
#endif
}

inline pop()
{
	chunk = first[self];
	running[self] = chunk * ITEMS;
#if MISTAKE == 5
	is_swift = mode[self] == SWIFT;
#endif
	first[self] = chunk + 1;
#if MISTAKE != 5
	is_swift = mode[self] == SWIFT;
#endif
	if
	:: !is_swift -> fence(self)
	:: else
	fi;
	is_swift = false;
	if
	:: chunk < last[self]
	:: else -> settle()
	fi
}

inline fence_worker(lane)
{
	if
	:: mode[lane] != FENCED ->
#if MISTAKE == 2
		mode[lane] = FENCED;
#else
		mode[lane] = SLOWING;
#endif
#if MISTAKE != 1
		i = 0;
		do
		:: i < WORKERS -> atomic { fence(i); i++ }
		:: else -> break
		od;
		i = 0;
#endif
		mode[lane] = FENCED
	:: else
	fi
}

inline move()
{
	to = last[from];
	look_at_first(from, at);
	if
	:: at < to ->
		middle = to - (to - at + 1) / 2;
		d_step { thief = self; victim = from; loot_first = middle; loot_last = to };
		theft = TRIED;
		last[from] = middle;
		fence_worker(from);
		look_at_first(from, at);
		if
		:: at <= middle ->
#if MISTAKE != 6
			theft = DONE;
#endif
			fill(self, middle, to);
			is_moved = true
		:: else -> last[from] = to
		fi;
		theft = NONE
	:: else
	fi;
	atomic { at = 0; to = 0; middle = 0 }
}

#ifdef CALLER

inline find_victim()
{
	atomic { from = NOBODY; most = 0; i = 0 };
	do
	:: i < WORKERS ->
		look_at_first(i, at);
		atomic {
			if
			:: at < last[i] && last[i] - at > most -> most = last[i] - at; from = i
			:: else
			fi;
			i++
		}
	:: else -> break
	od;
	atomic { i = 0; at = 0; most = 0 }
}

#else

/* Any: which one is a matter of speed. */
inline find_victim()
{
	atomic {
		if
		:: from = NOBODY
		:: select(from : 0 .. WORKERS - 1)
		fi
	}
}

#endif

inline steal()
{
	is_moved = false;
	do
	:: !is_moved ->
		find_victim();
		if
		:: from == NOBODY -> break
		:: else
		fi;
		take_lock(self);
		move();
		release_lock()
	:: else -> break
	od;
	from = NOBODY;
	if
	:: is_moved -> choose_mode()
	:: else
	fi
}

inline work_on_chunk()
{
	item = chunk * ITEMS;
	do
	:: item < (chunk + 1) * ITEMS ->
		running[self] = item;
		if
		:: verdict[item] == PENDING ->
			d_step { assert(!is_over); runs[item]++; assert(runs[item] == 1) };
			verdict[item] = VALUE
		:: else
		fi;
		item++
	:: else -> break
	od;
	item = 0
}

/* Swift or fenced, which is a matter of speed, and of what the kernel can. */
inline choose_mode()
{
	atomic {
		if
		:: mode[self] == FENCED -> mode[self] = SWIFT
		:: mode[self] = FENCED
		fi;
		fence(self)
	}
}

inline work()
{
	choose_mode();
	is_moved = true;
	do
	:: is_moved ->
		do
		:: pop();
			if
			:: chunk == NO_ITEM -> break
			:: else -> work_on_chunk()
			fi
		od;
		steal()
	:: else -> break
	od;
	chunk = 0
}

proctype worker(byte self)
{
	byte chunk, item, i, at, to, middle, from = NOBODY, most, known;
	bool is_moved, is_swift, is_left_behind;

life:
	{
end:
		do
		:: round != known && !is_over ->
			known = round;
			inside[self] = true;
			count(entries);
			work();
			inside[self] = false;
			count(news)
		:: is_over -> goto finished
		od
	} unless {
		killed[self]
	};
	d_step {
		seen[self] = first[self];
		if
		:: holder == self -> holder = SOMEBODY_DEAD
		:: else
		fi;
		chunk = 0; item = 0; i = 0; at = 0; to = 0; middle = 0; from = NOBODY; most = 0; known = 0;
		is_moved = false; is_swift = false; is_left_behind = false;
		dead[self] = true
	};
end_dead:
	atomic { !dead[self] -> killed[self] = false };
	goto life;
finished:
	skip
}

/* Somebody whose lane is @lane has died. */
inline recover(lane)
{
	if
	:: inside[lane] ->
		take_lock(NURSERY);
		if
		:: running[lane] != NO_ITEM && first[lane] == running[lane] / ITEMS + 1 &&
#if MISTAKE != 4
			running[lane] / ITEMS < last[lane] &&
#endif
			true ->
			if
			:: verdict[running[lane]] == PENDING -> verdict[running[lane]] = KILLED
			:: else
			fi;
			item = running[lane] / ITEMS * ITEMS;
			do
			:: item < (running[lane] / ITEMS + 1) * ITEMS && verdict[item] != PENDING -> item++
			:: else -> break
			od;
			if
			:: item < (running[lane] / ITEMS + 1) * ITEMS ->
				atomic { first[lane]--; seen[lane] = first[lane] }
			:: else
			fi;
			item = 0
		:: else
		fi;
		release_lock();
		count(round);
		inside[lane] = false;
		count(news)
	:: else
	fi
}

proctype nursery()
{
	byte item, lane;
	bool is_left_behind;

life:
	{
end:
		do
		:: lane < WORKERS && dead[lane] -> recover(lane); dead[lane] = false
		:: atomic { dead[0] || dead[1] ||
#if WORKERS > 2
			dead[2] ||
#endif
			false -> lane = 0;
			do
			:: !dead[lane] -> lane++
			:: else -> break
			od }
		:: is_over -> goto finished
		od
	} unless {
		killed[NURSERY]
	};
	d_step {
		if
		:: holder == NURSERY -> holder = SOMEBODY_DEAD
		:: else
		fi;
		item = 0; lane = 0; is_left_behind = false;
		killed[NURSERY] = false
	};
	goto life;
finished:
	skip
}

active proctype death()
{
	byte who;

	do
	:: deaths < DEATHS && !is_over ->
		atomic {
			select(who : 0 .. WORKERS);
			if
			:: !killed[who] -> killed[who] = true; deaths++
			:: else
			fi;
			who = 0
		}
	:: break
	od
}

inline check()
{
	atomic {
		i = 0; failed = 0;
		do
		:: i < CHUNKS * ITEMS ->
			assert(verdict[i] != PENDING);
			assert(verdict[i] != VALUE || runs[i] == 1);
			if
			:: verdict[i] == KILLED -> failed++
			:: else
			fi;
			i++
		:: else -> break
		od;
		assert(failed <= deaths);
		is_over = true
	}
}

/* Ranges first, seats second. */
inline is_done(ret)
{
	known_round = round;
	known_entries = entries;
	ret = true;
	i = 0;
	do
	:: i < WORKERS && ret -> look_at_first(i, at); ret = at >= last[i]; i++
	:: else -> break
	od;
	i = 0;
	do
	:: i < WORKERS && ret -> ret = !inside[i]; i++
	:: else -> break
	od;
	i = 0; at = 0
}

init
{
	byte i, at, failed, known_round, known_entries, known_news;
	bool done;

	d_step {
		i = 0;
		do
		:: i < WORKERS -> running[i] = NO_ITEM; mode[i] = FENCED; first[i] = SPLIT; last[i] = SPLIT;
			seen[i] = SPLIT; i++
		:: else -> break
		od;
		first[0] = 0; seen[0] = 0; last[1] = CHUNKS;
		i = 0;
		do
		:: i < CHUNKS * ITEMS -> verdict[i] = PENDING; i++
		:: else -> break
		od;
		i = 0
	};
	atomic {
		run nursery();
		i = 0;
		do
		:: i < WORKERS -> run worker(i); i++
		:: else -> break
		od;
		i = 0
	};
#ifdef CALLER
	do
	:: known_news = news;
		is_done(done);
		if
		:: done && round == known_round && entries == known_entries -> break
		:: done && !(round == known_round && entries == known_entries)
		:: !done -> news != known_news
		fi
	od;
#else
	timeout;
#endif
	check()
}
