"""The Lua of the limits: how a limit is read, how it lets the next one go, how its counts are mended.

The keys stand in queue_scripts.py, whose scripts begin with LIMITS too; what is counted, in limits.py.
"""

# Begins every script that knows of limits. A limit is `kind;name;most[;milliseconds]`, kind c (running at
# once) or r (starts in a time).
LIMITS = """
local P = 'koebako:'
-- What others may have written is read as 0 when it is no number that we would write.
local function number(text)
  local value = tonumber(text or '0')
  if not value or value ~= value or value < 0 or value > 2^53 then return 0 end
  return value
end
local function parse(text)
  local limits = {}
  for kind, name, most, period in string.gmatch(text, '|([cr]);([^;|]+);(%d+);?(%d*)') do
    local limit = {kind = kind, name = name, most = number(most), period = number(period)}
    if kind == 'c' or (limit.most > 0 and limit.period > 0) then limits[#limits + 1] = limit end
  end
  return limits, string.match(text, '^[^|]*')
end
local function wake(queue)
  -- pcall: a list that was spoiled must not undo half of what came before; waiting workers look again by themselves.
  if redis.pcall('LLEN', P .. 'wake:' .. queue) == 0 then redis.call('RPUSH', P .. 'wake:' .. queue, '1') end
end
local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
end
-- How many may start now: a token bucket that holds `most` and is refilled evenly within the
-- period, kept as one moment. Source: ITU-T I.371, annex A, the generic cell rate algorithm.
local function tokens(limit, now)
  local step = limit.period / limit.most
  local moment = math.max(number(redis.call('GET', P .. 'rate:' .. limit.name)), now)
  return math.floor((now + limit.period - moment) / step), moment + step
end
-- The first that waits for a limit goes back to its queue, at its old score.
local function unblock(name)
  local place = P .. 'blocked:' .. name
  local first = redis.call('ZRANGE', place, 0, 0, 'WITHSCORES')
  if not first[1] then
    redis.call('SREM', P .. 'blocked', name)
    return
  end
  redis.call('ZREM', place, first[1])
  local text = redis.call('HGET', P .. 'limits', first[1])
  if text then
    local _, queue = parse(text)
    redis.call('ZADD', P .. 'ready:' .. queue, first[2], first[1])
    wake(queue)
  end
end
local function free(member, text)
  for _, limit in ipairs(parse(text)) do
    if limit.kind == 'c' and redis.call('SREM', P .. 'busy:' .. limit.name, member) == 1 then unblock(limit.name) end
  end
end
local function let_go(held, member, text)
  redis.call('HDEL', held, member)
  if text ~= '' then
    redis.call('HDEL', P .. 'limits', member)
    free(member, text)
  end
end
"""

# ARGV: how many of each limit may be let go at once. Returns how many were; false while nobody knows what runs.
# Whatever a limit lets through goes back to its queue; what still may not run is blocked again there.
UNBLOCK = (
    LIMITS
    + """
if redis.call('EXISTS', P .. 'limits_known') == 0 then return false end
local most, moved = tonumber(ARGV[1]), 0
for _, name in ipairs(redis.call('SMEMBERS', P .. 'blocked')) do
  local first = redis.call('ZRANGE', P .. 'blocked:' .. name, 0, 0)[1]
  local text = first and redis.call('HGET', P .. 'limits', first)
  local count = 1
  for _, limit in ipairs(parse(text or '')) do
    if limit.name == name and limit.kind == 'c' then
      count = limit.most - redis.call('SCARD', P .. 'busy:' .. name)
    elseif limit.name == name then
      count = tokens(limit, now_ms())
    end
  end
  for _ = 1, math.min(count, most) do
    if redis.call('EXISTS', P .. 'blocked:' .. name) == 0 then break end
    unblock(name)
    moved = moved + 1
  end
  if redis.call('EXISTS', P .. 'blocked:' .. name) == 0 then redis.call('SREM', P .. 'blocked', name) end
end
return moved
"""
)

# ARGV: member, limits of each task that runs; fills `busy` after Redis was emptied.
RESTORE_LIMITS = (
    LIMITS
    + """
for i = 1, #ARGV, 2 do
  for _, limit in ipairs(parse(ARGV[i + 1])) do
    if limit.kind == 'c' then redis.call('SADD', P .. 'busy:' .. limit.name, ARGV[i]) end
  end
end
redis.call('SET', P .. 'limits_known', '1')
"""
)

# ARGV: limit, members that count against it no more.
FREE_BUSY = (
    LIMITS
    + """
for i = 2, #ARGV do
  if redis.call('SREM', P .. 'busy:' .. ARGV[1], ARGV[i]) == 1 then unblock(ARGV[1]) end
end
"""
)
