-- Tells how a query that was allowed ended.
-- KEYS[1], KEYS[2]  as in reserve.lua
-- ARGV              now, ticket, charge, available or '', maximum, rate, throttled 0 or 1, block ms, keep seconds
local state, flying = KEYS[1], KEYS[2]
local now, ticket, charge = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local available, maximum, rate = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local throttled, block, keep = ARGV[7] == '1', tonumber(ARGV[8]), tonumber(ARGV[9])

local s = {}
local raw = redis.call('HGETALL', state)
for i = 1, #raw, 2 do s[raw[i]] = tonumber(raw[i + 1]) end
local spent, level, at = s.spent or 0, s.level or 0, s.at or now
if now < at then now = at end
if s.maximum then level = math.min(s.maximum, level + s.rate * (now - at) / 1000) end

local mine = redis.call('HGET', flying, ticket)
local overlapped, sent, before = true, now, spent
if mine then
  redis.call('HDEL', flying, ticket)
  local _, t, b = string.match(mine, '^(.-)|(.-)|(.-)|')
  sent, before = tonumber(t), tonumber(b)
  level, overlapped = level - charge, spent ~= before
end
local others = 0
raw = redis.call('HVALS', flying)
for i = 1, #raw do others = others + tonumber(string.match(raw[i], '^(.-)|')) end
if others > 0 then overlapped = true end

if available then
  redis.call('HSET', state, 'maximum', maximum, 'rate', rate)
  if not s.maximum or not overlapped then
    level = available -- nothing else was on its way, so this is the truth
  elseif not mine then
    level = math.min(level, available) -- it came too late to know what else was spent meanwhile
  else
    -- The reply was made some time since the query was sent, and it knows of some of the others and not of the rest.
    level = math.max(level, available - (spent - before))
    local most = available + rate * (now - sent) / 1000
    if level - others > most or throttled then level = math.min(level, available) end
  end
  level = math.min(level, maximum)
end
if mine then
  spent = spent + charge
  redis.call('HINCRBYFLOAT', state, 'points', charge)
end
if throttled then redis.call('HINCRBY', state, 'throttled', 1) end
if block > 0 then redis.call('HSET', state, 'blocked', string.format('%.0f', now + block)) end
redis.call('HSET', state, 'level', string.format('%.6f', level), 'at', string.format('%.0f', now), 'spent', string.format('%.6f', spent))
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, keep) end
return 'ok'
