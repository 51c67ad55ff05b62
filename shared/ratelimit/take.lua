-- Charges one request to several limits: to all of them, or to none when one has no room for it. Each limit is a GCRA. What
-- is stored of it is the time at which nothing will be owed any more; a unit is one interval, and the tolerance is how far
-- ahead that time may be. Times are in microseconds, and whole: 2^53 of them last for 285 years.
-- KEYS[1..n]      string  the limits
-- KEYS[n+1]       hash    the history of who is charged: level, at, since, refused, good, used; there is none for an IP
-- ARGV[1..3]      now (0: Redis's own time), n, cost in units
-- ARGV[4..6]      of each limit: interval, tolerance, and 1 where the history tightens and loosens it; limits follow each other
-- ARGV[3n+4..]    of the history: share, within, factor, steps, decay; uses, span, factor, steps; keep. Shares and uses are in units
-- Returns         {admitted 0 or 1, level, tightened just now 0 or 1} and, of each limit, {units left, wait, interval}

local now, n, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local keep = 3600000 -- a caller's own clock may stand still while keys expire by Redis's
if now == 0 then
  local time = redis.call('TIME')
  now, keep = tonumber(time[1]) * 1000000 + tonumber(time[2]), 0
end

local function whole(x) return string.format('%.0f', x) end

local history = KEYS[n + 1]
local h, rules = {}, {}
local level = 0
if history then
  for i = 1, 10 do rules[i] = tonumber(ARGV[3 + 3 * n + i]) end
  local fields = {'level', 'at', 'since', 'refused', 'good', 'used'}
  local values = redis.call('HMGET', history, unpack(fields))
  for i, field in ipairs(fields) do h[field] = tonumber(values[i] or '') end
  level = h.level or 0
  h.at, h.since, h.good = h.at or now, h.since or now, h.good or now
  h.refused, h.used = h.refused or 0, h.used or 0
  -- What was tightened heals while nothing is refused.
  if level > 0 then
    local healed = math.floor((now - h.at) / rules[5])
    if healed > 0 then
      level, h.at = math.max(0, level - healed), h.at + healed * rules[5]
    end
  end
end
local factor = 1
if level > 0 then factor = rules[3] ^ level end
if level < 0 then factor = rules[8] ^ -level end

local refused, ours = false, false
local limits = {}
for i = 1, n do
  local interval, tolerance, adapts = tonumber(ARGV[1 + 3 * i]), tonumber(ARGV[2 + 3 * i]), ARGV[3 + 3 * i] == '1'
  if adapts then interval = math.ceil(interval / factor) end
  tolerance = math.max(tolerance, interval) -- one unit is always possible
  local debt = math.max((tonumber(redis.call('GET', KEYS[i]) or '') or now) - now, 0)
  -- What costs more than may ever be owed passes when nothing is owed, and is paid off after.
  local wait = debt - math.max(tolerance - cost * interval, 0)
  limits[i] = {interval = interval, tolerance = tolerance, debt = debt, wait = math.max(wait, 0)}
  if wait > 0 then
    refused = true
    ours = ours or adapts
  end
end

local tightened = 0
if history then
  if ours then
    if now - h.since > rules[2] then h.since, h.refused = now, 0 end
    h.refused, h.at, h.good, h.used = h.refused + 1, now, now, 0
    if level < 0 then level = 0 end
    if h.refused >= rules[1] and level < rules[4] then
      level, tightened = level + 1, 1
      h.since, h.refused = now, 0
    end
  elseif not refused then
    h.used = h.used + cost
    if now - h.good >= rules[7] then
      if level <= 0 and h.used >= rules[6] and -level < rules[9] then level = level - 1 end
      h.good, h.used = now, 0
    end
  end
  redis.call('HSET', history, 'level', level, 'at', whole(h.at), 'since', whole(h.since), 'refused', h.refused,
    'good', whole(h.good), 'used', h.used)
  redis.call('PEXPIRE', history, rules[10])
end

local reply = {refused and 0 or 1, level, tightened}
for i, l in ipairs(limits) do
  if not refused then
    l.debt = l.debt + cost * l.interval
    redis.call('SET', KEYS[i], whole(now + l.debt), 'PX', whole(math.ceil(l.debt / 1000) + keep))
  end
  reply[#reply + 1] = math.max(0, math.floor((l.tolerance - l.debt) / l.interval))
  reply[#reply + 1] = math.ceil(l.wait)
  reply[#reply + 1] = l.interval
end
return reply
