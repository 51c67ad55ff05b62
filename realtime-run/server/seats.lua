-- Gives a connection a seat among its person's and its business's, or says which is full: 1 the person's, 2 the business's.
--
-- KEYS  the person's set, the business's set
-- ARGV  the connection's id; for how many milliseconds it counts; the limit of each set, 0 for none
--
-- By Redis's clock, since the instances' may differ.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  local limit = tonumber(ARGV[2 + i])
  if limit > 0 and redis.call('ZCARD', key) >= limit then return i end
end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, now + ARGV[2], ARGV[1])
  redis.call('PEXPIRE', key, ARGV[2])
end
return 0
