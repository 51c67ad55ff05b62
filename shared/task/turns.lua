-- Whose turn it is. One account's tasks of one kind are a sorted set by age, and accounts are sorted by how much they have had:
-- the next turn is that of the account that has had the least, and of its oldest task, among what may start now.
--
-- KEYS[1] prefix of all keys
-- ARGV: now in ms, lease in ms, number of kinds, then for each: name, running at most (0 none), running at most in an account,
--       ms between two starts (0 none), starts at once
-- Returns {1, account, kind, id}, or {0, ms until something may start (-1 unknown), 1 when something waits}.
local prefix, now, lease = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])

local kinds = {}
for i = 1, tonumber(ARGV[3]) do
	local at = 3 + (i - 1) * 5
	kinds[i] = {
		name = ARGV[at + 1], most = tonumber(ARGV[at + 2]), each = tonumber(ARGV[at + 3]),
		gap = tonumber(ARGV[at + 4]), burst = tonumber(ARGV[at + 5]),
	}
end

local paused = {}
for _, p in ipairs(redis.call('SMEMBERS', prefix .. 'paused')) do paused[p] = true end

local nearest = -1
local function later(ms)
	if nearest < 0 or ms < nearest then nearest = ms end
end

-- What may start at all: a kind that is not paused, full, or too early.
local free = {}
for _, k in ipairs(kinds) do
	local running = prefix .. 'running:' .. k.name
	for _, member in ipairs(redis.call('ZRANGEBYSCORE', running, '-inf', now, 'LIMIT', 0, 100)) do
		-- Its worker was lost: it waits again. One that has ended meanwhile is passed over by whoever takes it.
		local account, id = member:match('^(.-)|(.*)$')
		redis.call('ZREM', running, member)
		redis.call('ZREM', running .. ':' .. account, id)
		redis.call('ZADD', prefix .. 'waiting:' .. account .. ':' .. k.name, now, id)
		if redis.call('ZSCORE', prefix .. 'accounts', account) == false then
			redis.call('ZADD', prefix .. 'accounts', tonumber(redis.call('GET', prefix .. 'had') or '0'), account)
		end
	end
	local full = k.most > 0 and redis.call('ZCARD', running) >= k.most
	local early = 0
	if k.gap > 0 then
		local tat = tonumber(redis.call('GET', prefix .. 'pace:' .. k.name) or '0')
		early = tat - (k.burst - 1) * k.gap - now
	end
	if early > 0 then later(math.ceil(early)) end
	if not full and early <= 0 and not paused['*|' .. k.name] then free[#free + 1] = k end
end

local waits = 0
local accounts = redis.call('ZRANGE', prefix .. 'accounts', 0, 199, 'WITHSCORES')
for i = 1, #accounts, 2 do
	local account, had = accounts[i], tonumber(accounts[i + 1])
	local oldest, of = nil, nil
	local left = 0
	for _, k in ipairs(kinds) do
		left = left + redis.call('ZCARD', prefix .. 'waiting:' .. account .. ':' .. k.name)
	end
	if left == 0 then
		redis.call('ZREM', prefix .. 'accounts', account)
	else
		waits = 1
		if not paused[account .. '|*'] then
			for _, k in ipairs(free) do
				if not paused[account .. '|' .. k.name] then
					local mine = prefix .. 'running:' .. k.name .. ':' .. account
					redis.call('ZREMRANGEBYSCORE', mine, '-inf', now)
					if redis.call('ZCARD', mine) < k.each then
						local head = redis.call('ZRANGE', prefix .. 'waiting:' .. account .. ':' .. k.name, 0, 0, 'WITHSCORES')
						if #head > 0 and (oldest == nil or tonumber(head[2]) < oldest) then
							oldest, of = tonumber(head[2]), { kind = k, id = head[1] }
						end
					end
				end
			end
		end
		if of then
			local k, id = of.kind, of.id
			redis.call('ZREM', prefix .. 'waiting:' .. account .. ':' .. k.name, id)
			redis.call('ZADD', prefix .. 'accounts', had + 1, account)
			redis.call('SET', prefix .. 'had:' .. account, had + 1, 'EX', 3600)
			redis.call('SET', prefix .. 'had', had, 'EX', 3600)
			redis.call('ZADD', prefix .. 'running:' .. k.name, now + lease, account .. '|' .. id)
			redis.call('ZADD', prefix .. 'running:' .. k.name .. ':' .. account, now + lease, id)
			redis.call('EXPIRE', prefix .. 'running:' .. k.name, 7200)
			redis.call('EXPIRE', prefix .. 'running:' .. k.name .. ':' .. account, 7200)
			if k.gap > 0 then
				local tat = math.max(tonumber(redis.call('GET', prefix .. 'pace:' .. k.name) or '0'), now) + k.gap
				redis.call('SET', prefix .. 'pace:' .. k.name, tat, 'PX', math.ceil(tat - now) + 60000)
			end
			return { 1, account, k.name, id }
		end
	end
end
return { 0, nearest, waits }
