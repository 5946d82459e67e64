#!lua name=mproc1
-- What the client needs done in one piece, and Redis has no command for.  A manager answers the same calls by itself (src/manager/functions*.c).
-- Times are milliseconds of the server's clock.  A token is a number that only grows: whoever has a newer one came later.

-- Numbers as text here: Lua would write large ones with an exponent.
local function text_of(number)
	return string.format('%.0f', number)
end

local function now()
	local time = redis.call('TIME')

	return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function microseconds()
	local time = redis.call('TIME')

	return time[1] * 1000000 + time[2]
end

-- A token is at least the time, so that tokens go on growing when the server has lost the newest, or all: it came back
-- from an older snapshot, or is a replica that had not heard of them.
local function next_token(fence)
	local token = redis.call('INCR', fence)
	local time = microseconds()

	if token < time then
		token = time
		redis.call('SET', fence, text_of(token))
	end
	return token
end

-- Wake one of those who wait for this list.  One item is enough: whoever is woken and leaves something leaves an item again.
local function leave_item(list)
	if redis.call('EXISTS', list) == 0 then
		redis.call('RPUSH', list, '1')
		redis.call('PEXPIRE', list, 60000)
	end
end

-- Of whole numbers above 0, as text: those of tokens may have more digits than a number of Lua.
local function is_larger(one, other)
	if #one ~= #other then
		return #one > #other
	end
	return one > other
end

-- Returns the newest token seen when that is newer, otherwise nil, with this one as the newest.
local function refuse_token(fence, text)
	local newest = redis.call('GET', fence)

	if newest and is_larger(newest, text) then
		return tonumber(newest)
	end
	if newest ~= text then
		redis.call('SET', fence, text)
	end
end

-- Strings, and flags --------------------------------------------------------------------------------------------------

-- Returns 1 when a string is as expected, 0 when it is another one, -1 when there is none.
local function compare(key, expected)
	local value = redis.call('GET', key)

	if not value then
		return -1
	end
	return value == expected and 1 or 0
end

local function compare_and_set(keys, args)
	local found = compare(keys[1], args[1])

	if found == 1 then
		redis.call('SET', keys[1], args[2])
	end
	return found
end

local function compare_and_delete(keys, args)
	local found = compare(keys[1], args[1])

	if found == 1 then
		redis.call('DEL', keys[1])
	end
	return found
end

local function set_fenced(keys, args)
	local newer = refuse_token(keys[2], args[1])

	if newer then
		return newer
	end
	redis.call('SET', keys[1], args[2])
	return 0
end

local function flag_set(keys, args)
	-- Fails where the name is that of something else, which is not to be lost.
	redis.call('STRLEN', keys[1])
	if args[1] == '1' then
		redis.call('SET', keys[1], '1')
	else
		redis.call('DEL', keys[1])
	end
	redis.call('PUBLISH', 'mproc:flag:' .. keys[1], args[1])
	return 0
end

-- Dicts ---------------------------------------------------------------------------------------------------------------

local function dict_compare_and_set(keys, args)
	local value = redis.call('HGET', keys[1], args[1])

	if not value then
		return -1
	end
	if value ~= args[2] then
		return 0
	end
	redis.call('HSET', keys[1], args[1], args[3])
	return 1
end

local function dict_set_fenced(keys, args)
	-- Looks before it changes anything whether the name is a dict.
	redis.call('HLEN', keys[1])

	local newer = refuse_token(keys[2], args[1])

	if newer then
		return newer
	end
	redis.call('HSET', keys[1], args[2], args[3])
	return 0
end

local function dict_pop(keys, args)
	local value = redis.call('HGET', keys[1], args[1])

	if value then
		redis.call('HDEL', keys[1], args[1])
	end
	return value
end

-- Lists ---------------------------------------------------------------------------------------------------------------

-- Redis finds the middle of a list by what is there, so what is there becomes something that is nowhere else.
local function mark(name, index)
	local marker = 'mproc1:' .. text_of(microseconds()) .. ':' .. name

	redis.call('LSET', name, index, marker)
	return marker
end

local function list_insert(keys, args)
	local name, index, item = keys[1], tonumber(args[1]), args[2]
	local count = redis.call('LLEN', name)

	if index < 0 then
		index = index + count
	end
	if index < 0 or index > count then
		return 0
	end
	if index == count then
		redis.call('RPUSH', name, item)
	elseif index == 0 then
		redis.call('LPUSH', name, item)
	else
		local behind = redis.call('LINDEX', name, index)

		redis.call('LINSERT', name, 'BEFORE', mark(name, index), item)
		redis.call('LSET', name, index + 1, behind)
	end
	return 1
end

local function list_pop(keys, args)
	local name, index = keys[1], tonumber(args[1])

	if index == 0 then
		return redis.call('LPOP', name)
	elseif index == -1 then
		return redis.call('RPOP', name)
	end

	-- As text, for a number may be too large for Lua to write its digits.
	local item = redis.call('LINDEX', name, args[1])

	if item then
		redis.call('LREM', name, index > 0 and 1 or -1, mark(name, index))
	end
	return item
end

-- Locks: a string, the owner, which expires with the lease ------------------------------------------------------------

local function lock_acquire(keys, args)
	local name, fence, wake = keys[1], keys[2], keys[3]
	local owner, lease = args[1], args[2]
	local holder = redis.call('GET', name)

	if holder == owner then
		redis.call('PEXPIRE', name, lease)
		return tonumber(redis.call('GET', fence)) or next_token(fence)
	end
	if holder then
		local rest = redis.call('PTTL', name)

		-- What never expires is no lock, but perhaps what the lock was to protect.
		if rest < 0 then
			return redis.error_reply('WRONGTYPE Operation against a key holding the wrong kind of value')
		end
		return -math.max(rest, 1)
	end

	-- Fails before anything is changed, if at all.
	local token = next_token(fence)

	redis.call('SET', name, owner, 'PX', lease)
	-- Nobody needs to be woken while it is held.
	redis.call('DEL', wake)
	return token
end

local function lock_release(keys, args)
	if redis.call('GET', keys[1]) ~= args[1] then
		return 0
	end
	redis.call('DEL', keys[1])
	leave_item(keys[2])
	return 1
end

local function lock_extend(keys, args)
	if redis.call('GET', keys[1]) ~= args[1] then
		return 0
	end
	return redis.call('PEXPIRE', keys[1], args[2])
end

-- Semaphores: a sorted set of owners, by the end of their leases ------------------------------------------------------

local function set_lease(name, owner, ends_at, lease)
	redis.call('ZADD', name, ends_at, owner)
	if redis.call('PTTL', name) < lease then
		redis.call('PEXPIRE', name, lease)
	end
end

local function semaphore_acquire(keys, args)
	local name, fence, wake = keys[1], keys[2], keys[3]
	local owner, permits, lease = args[1], tonumber(args[2]), tonumber(args[3])
	local time = now()

	redis.call('ZREMRANGEBYSCORE', name, '-inf', time)

	local is_holder = redis.call('ZSCORE', name, owner)
	local taken = redis.call('ZCARD', name)

	if not is_holder and taken >= permits then
		local first = redis.call('ZRANGE', name, 0, 0, 'WITHSCORES')

		-- Of no permits nobody holds one.
		return first[2] and -math.max(first[2] - time, 1) or -1000
	end

	-- Fails before anything is lent, if at all.
	local token = next_token(fence)

	set_lease(name, owner, time + lease, lease)
	if not is_holder and taken + 1 < permits then
		leave_item(wake)
	end
	return token
end

local function semaphore_release(keys, args)
	local score = redis.call('ZSCORE', keys[1], args[1])

	if not score then
		return 0
	end
	redis.call('ZREM', keys[1], args[1])
	leave_item(keys[2])
	return tonumber(score) > now() and 1 or 0
end

local function semaphore_extend(keys, args)
	local time, lease = now(), tonumber(args[2])
	local score = redis.call('ZSCORE', keys[1], args[1])

	if not score or tonumber(score) <= time then
		return 0
	end
	set_lease(keys[1], args[1], time + lease, lease)
	return 1
end

-- Queues --------------------------------------------------------------------------------------------------------------
--
-- ready   a list of ids, the next to be delivered first
-- bodies  id -> message, of all that are in the queue: ready, owed, or dead
-- owed    a sorted set of ids, by the end of their leases
-- dead    a sorted set of ids, by when they were given up
-- seen    a sorted set of ids, by when they are forgotten
-- meta    '/' .. id -> token of its delivery, or 0 when it is not owed, and how often it was delivered;
--         'token' -> the last one given; 'refused' -> until when producers may be waiting for room
-- wake    has an item when a consumer should look
-- room    has an item when a producer should look

local most_seen = 1000000
-- What one call does beyond what it was asked for.
local most_besides = 100
-- Who waits looks each second.
local longest_wait = 2000

local function field_of(id)
	return '/' .. id
end

-- Returns the token of a message's delivery, as text, and how often it was delivered.
local function delivery_of(meta, id)
	local token, deliveries = string.match(redis.call('HGET', meta, field_of(id)) or '', '^(%d+) (%d+)$')

	return token or '0', tonumber(deliveries) or 0
end

local function set_delivery(meta, id, token, deliveries)
	redis.call('HSET', meta, field_of(id), token .. ' ' .. text_of(deliveries))
end

local function is_owed(owed, meta, id, token)
	return redis.call('ZSCORE', owed, id) and delivery_of(meta, id) == token
end

local function forget_message(bodies, meta, id)
	redis.call('HDEL', bodies, id)
	redis.call('HDEL', meta, field_of(id))
end

local function give_back(ready, owed, meta, id)
	local _, deliveries = delivery_of(meta, id)

	redis.call('ZREM', owed, id)
	redis.call('LPUSH', ready, id)
	set_delivery(meta, id, '0', deliveries)
end

-- The one whose lease ended first comes first.
local function give_back_late(ready, owed, meta, time)
	local late = redis.call('ZRANGEBYSCORE', owed, '-inf', time, 'LIMIT', 0, most_besides)

	for i = #late, 1, -1 do
		give_back(ready, owed, meta, late[i])
	end
end

local function wants_room(meta, time)
	local refused = redis.call('HGET', meta, 'refused')

	return refused and tonumber(refused) > time
end

local function was_seen(seen, bodies, id, time)
	local forgotten_at = redis.call('ZSCORE', seen, id)

	return forgotten_at and tonumber(forgotten_at) > time or redis.call('HEXISTS', bodies, id) == 1
end

local function remember(seen, id, time, window)
	if window <= 0 then
		return
	end
	redis.call('ZADD', seen, time + window, id)

	-- Not all at once: after a pause a million may be due.
	local forgotten = redis.call('ZRANGEBYSCORE', seen, '-inf', time, 'LIMIT', 0, most_besides)

	if #forgotten > 0 then
		redis.call('ZREM', seen, unpack(forgotten))
	end
	redis.call('ZREMRANGEBYRANK', seen, 0, -1 - most_seen)
	if redis.call('PTTL', seen) < window then
		redis.call('PEXPIRE', seen, 2 * window)
	end
end

local function queue_put(keys, args)
	local ready, bodies, seen, meta, wake, room = unpack(keys)
	local id, body, most, window = args[1], args[2], tonumber(args[3]), tonumber(args[4])
	local time = now()

	if was_seen(seen, bodies, id, time) then
		return 0
	end
	if most > 0 and redis.call('LLEN', ready) >= most then
		redis.call('HSET', meta, 'refused', text_of(time + longest_wait))
		return -1
	end
	-- A server that is full refuses this, when nothing has been changed yet.
	redis.call('HSET', bodies, id, body)
	remember(seen, id, time, window)

	local count = redis.call('RPUSH', ready, id)

	leave_item(wake)
	if most > count and wants_room(meta, time) then
		leave_item(room)
	end
	return 1
end

local function next_token_of_queue(meta)
	local token = redis.call('HINCRBY', meta, 'token', 1)
	local time = microseconds()

	if token < time then
		token = time
		redis.call('HSET', meta, 'token', text_of(token))
	end
	return token
end

-- Returns what a consumer gets; nil: nothing, for the message has just died, or its body is gone.
local function deliver(keys, id, attempts, time, lease)
	local _, bodies, owed, meta, _, dead = unpack(keys)
	local body = redis.call('HGET', bodies, id)
	local _, deliveries = delivery_of(meta, id)

	if not body then
		forget_message(bodies, meta, id)
		return nil
	end
	if attempts > 0 and deliveries >= attempts then
		redis.call('ZADD', dead, time, id)
		return nil
	end

	local token = next_token_of_queue(meta)

	redis.call('ZADD', owed, time + lease, id)
	set_delivery(meta, id, text_of(token), deliveries + 1)
	return { id, body, token, deliveries + 1 }
end

local function queue_get(keys, args)
	local ready, owed, meta, wake, room = keys[1], keys[3], keys[4], keys[5], keys[7]
	local lease, count, attempts = tonumber(args[1]), tonumber(args[2]), tonumber(args[3])
	local time, found = now(), {}

	give_back_late(ready, owed, meta, time)
	for _ = 1, count + most_besides do
		local id = #found < count and redis.call('LPOP', ready)

		if not id then
			break
		end
		found[#found + 1] = deliver(keys, id, attempts, time, lease)
	end
	if redis.call('EXISTS', ready) == 1 then
		leave_item(wake)
	end
	if #found > 0 and wants_room(meta, time) then
		leave_item(room)
	end
	return found
end

local function queue_ack(keys, args)
	local bodies, owed, meta = keys[1], keys[2], keys[3]
	local id, token = args[1], args[2]

	if not is_owed(owed, meta, id, token) then
		return 0
	end
	redis.call('ZREM', owed, id)
	forget_message(bodies, meta, id)
	return 1
end

local function queue_give_back(keys, args)
	local ready, owed, meta, wake = keys[1], keys[3], keys[4], keys[5]
	local id, token = args[1], args[2]

	if not is_owed(owed, meta, id, token) then
		return 0
	end
	give_back(ready, owed, meta, id)
	leave_item(wake)
	return 1
end

local function queue_extend(keys, args)
	local owed, meta = keys[1], keys[2]
	local id, token, lease = args[1], args[2], tonumber(args[3])

	if not is_owed(owed, meta, id, token) then
		return 0
	end
	redis.call('ZADD', owed, now() + lease, id)
	return 1
end

local function queue_counts(keys)
	return { redis.call('LLEN', keys[1]), redis.call('ZCARD', keys[2]), redis.call('ZCARD', keys[3]) }
end

local function queue_dead(keys, args)
	local dead, bodies, meta = keys[1], keys[2], keys[3]
	local found = {}

	for _, id in ipairs(redis.call('ZRANGE', dead, 0, args[1] - 1)) do
		local _, deliveries = delivery_of(meta, id)

		found[#found + 1] = { id, redis.call('HGET', bodies, id) or '', deliveries }
	end
	return found
end

local function queue_revive(keys, args)
	local ready, dead, meta, wake = keys[1], keys[2], keys[3], keys[4]

	if redis.call('ZREM', dead, args[1]) == 0 then
		return 0
	end
	redis.call('HDEL', meta, field_of(args[1]))
	redis.call('RPUSH', ready, args[1])
	leave_item(wake)
	return 1
end

local function queue_drop(keys, args)
	if redis.call('ZREM', keys[1], args[1]) == 0 then
		return 0
	end
	forget_message(keys[2], keys[3], args[1])
	return 1
end

-- What makes room, or lets others go on, is done also by a server that is full ('allow-oom').
local frees, reads = { 'allow-oom' }, { 'no-writes' }

redis.register_function('mproc_compare_and_set', compare_and_set)
redis.register_function{ function_name = 'mproc_compare_and_delete', callback = compare_and_delete, flags = frees }
redis.register_function('mproc_set_fenced', set_fenced)
redis.register_function{ function_name = 'mproc_flag_set', callback = flag_set, flags = frees }
redis.register_function('mproc_dict_compare_and_set', dict_compare_and_set)
redis.register_function('mproc_dict_set_fenced', dict_set_fenced)
redis.register_function{ function_name = 'mproc_dict_pop', callback = dict_pop, flags = frees }
redis.register_function('mproc_list_insert', list_insert)
redis.register_function{ function_name = 'mproc_list_pop', callback = list_pop, flags = frees }
redis.register_function{ function_name = 'mproc_lock_acquire', callback = lock_acquire, flags = frees }
redis.register_function{ function_name = 'mproc_lock_release', callback = lock_release, flags = frees }
redis.register_function{ function_name = 'mproc_lock_extend', callback = lock_extend, flags = frees }
redis.register_function{ function_name = 'mproc_semaphore_acquire', callback = semaphore_acquire, flags = frees }
redis.register_function{ function_name = 'mproc_semaphore_release', callback = semaphore_release, flags = frees }
redis.register_function{ function_name = 'mproc_semaphore_extend', callback = semaphore_extend, flags = frees }
redis.register_function('mproc_queue_put', queue_put)
redis.register_function{ function_name = 'mproc_queue_get', callback = queue_get, flags = frees }
redis.register_function{ function_name = 'mproc_queue_ack', callback = queue_ack, flags = frees }
redis.register_function{ function_name = 'mproc_queue_give_back', callback = queue_give_back, flags = frees }
redis.register_function{ function_name = 'mproc_queue_extend', callback = queue_extend, flags = frees }
redis.register_function{ function_name = 'mproc_queue_counts', callback = queue_counts, flags = reads }
redis.register_function{ function_name = 'mproc_queue_dead', callback = queue_dead, flags = reads }
redis.register_function{ function_name = 'mproc_queue_revive', callback = queue_revive, flags = frees }
redis.register_function{ function_name = 'mproc_queue_drop', callback = queue_drop, flags = frees }
