-- Asks for leave to send one query of an account.
-- KEYS[1] hash    level, at, maximum, rate, spent, blocked, tat, points, requests, throttled (times in ms)
-- KEYS[2] hash    queries on their way: ticket -> cost|sent|spent when sent|expires
-- KEYS[3] zset    tickets of pages that wait, by the time of their first asking
-- KEYS[4] hash    ticket of a page that waits -> the last time that it asked
-- ARGV            now, ticket, cost, lane, lease ms, requests' burst, ms for each request, keep seconds
-- Returns         {verdict, wait ms, maximum}
local state, flying, line, seen = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now, ticket, cost, lane = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ARGV[4]
local lease, burst, spacing, keep = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])

local s = {}
local raw = redis.call('HGETALL', state)
for i = 1, #raw, 2 do s[raw[i]] = tonumber(raw[i + 1]) end
local maximum, rate, spent = s.maximum, s.rate, s.spent or 0
local level, at = s.level or 0, s.at or now
if now < at then now = at end

-- A query that was never settled counts as spent in full.
local reserved, count = 0, 0
raw = redis.call('HGETALL', flying)
for i = 1, #raw, 2 do
  local c, _, _, expires = string.match(raw[i + 1], '^(.-)|(.-)|(.-)|(.-)$')
  c = tonumber(c)
  if tonumber(expires) <= now then
    level, spent = level - c, spent + c
    redis.call('HDEL', flying, raw[i])
  else
    reserved, count = reserved + c, count + 1
  end
end
if maximum then level = math.min(maximum, level + rate * (now - at) / 1000) end

local function save()
  redis.call('HSET', state, 'level', string.format('%.6f', level), 'at', string.format('%.0f', now), 'spent', string.format('%.6f', spent))
  for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, keep) end
end

local function later(wait)
  save()
  return {'later', string.format('%.0f', math.ceil(wait)), string.format('%.6f', maximum or 0)}
end

if s.blocked and s.blocked > now then return later(s.blocked - now) end

if not maximum then
  if lane ~= 'probe' then return {'unknown', '0', '0'} end
  if count > 0 then return later(200) end
else
  local margin = maximum / 100
  if cost + margin > maximum then
    save()
    return {'never_at_once', '0', string.format('%.6f', maximum - margin)}
  end
  local missing = cost + margin - (level - reserved)
  if lane == 'page' then
    -- Who has not asked for five naps has gone.
    for _, waiting in ipairs(redis.call('ZRANGE', line, 0, -1)) do
      if waiting ~= ticket and now - tonumber(redis.call('HGET', seen, waiting) or '0') > 5000 then
        redis.call('ZREM', line, waiting)
        redis.call('HDEL', seen, waiting)
      end
    end
    local first = redis.call('ZRANGE', line, 0, 0)[1]
    if missing > 0 or (first and first ~= ticket) then
      redis.call('ZADD', line, 'NX', now, ticket)
      redis.call('HSET', seen, ticket, now)
      return later(math.max(missing, 0) / rate * 1000)
    end
  elseif missing > 0 then
    return later(missing / rate * 1000)
  end
end

-- The request limiter, as GCRA: over any window no more than Jobber's limit.
local tat = math.max(s.tat or 0, now)
local early = tat - (burst - 1) * spacing - now
if early > 0 then return later(early) end

redis.call('ZREM', line, ticket)
redis.call('HDEL', seen, ticket)
redis.call('HSET', flying, ticket, string.format('%.6f|%.0f|%.6f|%.0f', cost, now, spent, now + lease))
redis.call('HSET', state, 'tat', string.format('%.3f', tat + spacing))
redis.call('HINCRBY', state, 'requests', 1)
save()
return {'go', '0', string.format('%.6f', maximum or 0)}
