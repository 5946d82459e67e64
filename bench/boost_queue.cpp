// SPDX-License-Identifier: MIT
#include "boost_queue.h"

#include <boost/interprocess/ipc/message_queue.hpp>
#include <cstdio>
#include <string>
#include <unistd.h>

using boost::interprocess::create_only;
using boost::interprocess::message_queue;

static void complain(const char *what, const std::exception &error)
{
	std::fprintf(stderr, "%s: %s\n", what, error.what());
}

void *boost_queue_open(std::size_t room, std::size_t size)
{
	const std::string name = "mproc-bench-" + std::to_string(getpid()) + "-" + std::to_string(size);

	try {
		auto *queue = new message_queue(create_only, name.c_str(), room, size);

		message_queue::remove(name.c_str());
		return queue;
	} catch (const std::exception &error) {
		complain("boost message_queue", error);
		return nullptr;
	}
}

void boost_queue_close(void *queue)
{
	delete static_cast<message_queue *>(queue);
}

int boost_queue_put(void *queue, const void *message, std::size_t size)
{
	try {
		static_cast<message_queue *>(queue)->send(message, size, 0);
		return 0;
	} catch (const std::exception &error) {
		complain("boost send", error);
		return -1;
	}
}

long boost_queue_get(void *queue, void *message, std::size_t size)
{
	message_queue::size_type received;
	unsigned priority;

	try {
		static_cast<message_queue *>(queue)->receive(message, size, received, priority);
		return static_cast<long>(received);
	} catch (const std::exception &error) {
		complain("boost receive", error);
		return -1;
	}
}
