-- Gives a connection a seat among its person's and its business's and writes down what it is, or says why not: 1 the person's
-- are all taken, 2 the business's are, 3 somebody let it go.
--
-- KEYS  the person's set, the business's set, what the business's connections are, the mark of one that was let go
-- ARGV  the connection's id; for how many milliseconds it counts; the limit of each set, 0 for none; what it is
--
-- By Redis's clock, since the instances' may differ.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if redis.call('EXISTS', KEYS[4]) == 1 then return 3 end
local gone = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 1000)
if #gone > 0 then redis.call('HDEL', KEYS[3], unpack(gone)) end
for i = 1, 2 do
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now)
  local limit = tonumber(ARGV[2 + i])
  if limit > 0 and redis.call('ZCARD', KEYS[i]) >= limit then return i end
end
for i = 1, 2 do
  redis.call('ZADD', KEYS[i], now + ARGV[2], ARGV[1])
  redis.call('PEXPIRE', KEYS[i], ARGV[2])
end
redis.call('HSET', KEYS[3], ARGV[1], ARGV[5])
redis.call('PEXPIRE', KEYS[3], ARGV[2])
return 0
