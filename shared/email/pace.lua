-- GCRA: KEYS[1] the domain's key; ARGV now in ms, ms between two letters, letters at once. Returns the ms to wait; 0 takes a turn.
local now, gap, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local tat = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local wait = tat - (burst - 1) * gap - now
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], tat + gap, 'PX', tat + gap - now + 1000)
return 0
