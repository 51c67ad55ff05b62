-- Adds tasks that wait for their turn. An account that had none begins with as much as the account that was served last: it
-- is neither owed for the time in which it wanted nothing, nor behind.
--
-- KEYS[1] prefix; ARGV: for each task: account, kind, id, age in ms
local prefix = KEYS[1]
for i = 1, #ARGV, 4 do
	local account, kind, id, age = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
	if redis.call('ZSCORE', prefix .. 'running:' .. kind .. ':' .. account, id) == false then
		redis.call('ZADD', prefix .. 'waiting:' .. account .. ':' .. kind, age, id)
		if redis.call('ZSCORE', prefix .. 'accounts', account) == false then
			local had = tonumber(redis.call('GET', prefix .. 'had:' .. account) or '0')
			local served = tonumber(redis.call('GET', prefix .. 'had') or '0')
			redis.call('ZADD', prefix .. 'accounts', math.max(had, served), account)
		end
	end
end
return 1
