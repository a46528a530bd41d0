"""The Lua that runs inside Redis: each script is one step that nobody can see half done.

Keys (all under `koebako:`):
    ready:{queue}    zset  member -> score: the priority class, then the fair start (see SEND)
    fair:{queue}     hash  last start per "class:order key", and "class" -> start now in service
    wake:{queue}     list  at most one token; a worker that waits blocks on it
    paused           set   queues that hand nothing out
    delayed          zset  member -> Unix milliseconds at which it is due
    held:{worker}    hash  member -> "queue|score": taken, not yet committed
    limits           hash  member of a limited task -> "queue|limit|limit" (limits.py)
    busy:{limit}     set   members that count against a limit of running tasks
    rate:{limit}     string  Unix milliseconds; see `admit`
    blocked:{limit}  zset  member -> score: would be first in its queue, but the limit is reached
    blocked          set   limits that somebody waits for
    limits_known     string  present once `busy` was filled from the rows
A member is `id.hmac`, nothing else.
"""

from jobs.runtime.limit_scripts import LIMITS

# ARGV: of each run of tasks that are queued alike: how many, their queue, class, order key and limits, then the
# members. Returns the rank of each, false for a blocked one.
# Start-time fair queueing: every order key has a clock of its own that advances by one per
# task, and never lags behind the task now in service. So a key with a thousand waiting
# tasks and one with a single task take turns, and one key's tasks keep their order.
# Source: Goyal, Vin, Cheng 1996, "Start-time Fair Queueing", section 2.
# %.0f, because Lua prints a number above 10^14 with digits lost.
SEND = (
    LIMITS
    + """
local ranks, at = {}, 1
while ARGV[at] do
  local first, last = at + 5, at + 4 + ARGV[at]
  local queue, class, order, text = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local ready, fair, clock = P .. 'ready:' .. queue, P .. 'fair:' .. queue, class .. ':' .. order
  local start = math.max(number(redis.call('HGET', fair, class)), number(redis.call('HGET', fair, clock)))
  local before, limits = start, parse(text)
  redis.call('ZREM', P .. 'delayed', unpack(ARGV, first, last))
  if text == '' then redis.call('HDEL', P .. 'limits', unpack(ARGV, first, last)) end
  for n = first, last do
    local member, is_blocked = ARGV[n], false
    if text ~= '' then redis.call('HSET', P .. 'limits', member, text) end
    for _, limit in ipairs(limits) do
      is_blocked = is_blocked or redis.call('ZSCORE', P .. 'blocked:' .. limit.name, member)
    end
    if not is_blocked and not redis.call('ZSCORE', ready, member) then
      start = start + 1
      redis.call('ZADD', ready, string.format('%.0f', tonumber(class) * 2^50 + start), member)
    end
    ranks[#ranks + 1] = redis.call('ZRANK', ready, member)
  end
  if start > before then redis.call('HSET', fair, clock, string.format('%.0f', start)) end
  wake(queue)
  at = last + 1
end
return ranks
"""
)

# KEYS: held. ARGV: how many finished members, each with its limits; how many to take, how many
# blocked ones may be passed over, then the queues in the order they are served. Returns member
# and limits of each. More than one only of what has no limits, and never more than a quarter of
# what waits: a worker must not take work that another one could do at once.
# The token is passed on while work is left: one token wakes the whole chain of workers.
TAKE = (
    LIMITS
    + """
local held = KEYS[1]
local done = tonumber(ARGV[1])
for i = 2, 2 * done, 2 do let_go(held, ARGV[i], ARGV[i + 1]) end
local more, left, taken = tonumber(ARGV[2 * done + 2]) - 1, tonumber(ARGV[2 * done + 3]), {}
-- Nil when the member may run, and then it counts; else the name of the limit it waits for.
local function admit(member, text)
  local limits = parse(text)
  for _, limit in ipairs(limits) do
    if limit.kind == 'c' then
      if redis.call('EXISTS', P .. 'limits_known') == 0 then return limit.name end
      local busy = P .. 'busy:' .. limit.name
      local counts = redis.call('SISMEMBER', busy, member) == 1
      if not counts and redis.call('SCARD', busy) >= limit.most then return limit.name end
    elseif tokens(limit, now_ms()) < 1 then
      return limit.name
    end
  end
  for _, limit in ipairs(limits) do
    if limit.kind == 'c' then
      redis.call('SADD', P .. 'busy:' .. limit.name, member)
    else
      local _, moment = tokens(limit, now_ms())
      redis.call('SET', P .. 'rate:' .. limit.name, string.format('%.3f', moment), 'PX', limit.period * 2)
    end
  end
end
for i = 2 * done + 4, #ARGV do
  local queue = ARGV[i]
  local ready, fair = P .. 'ready:' .. queue, P .. 'fair:' .. queue
  local first = redis.call('ZRANGE', ready, 0, 0, 'WITHSCORES')
  if first[1] and redis.call('SISMEMBER', P .. 'paused', queue) == 1 then first = {} end
  while first[1] do
    redis.call('ZREM', ready, first[1])
    local text = redis.call('HGET', P .. 'limits', first[1])
    local waits_for = text and admit(first[1], text)
    if not waits_for then
      redis.call('HSET', held, first[1], queue .. '|' .. first[2])
      if redis.call('ZCARD', ready) == 0 then
        -- The clocks of the keys are worth nothing then, unless blocked ones come back at their old scores.
        if redis.call('EXISTS', P .. 'blocked') == 0 then redis.call('DEL', fair) end
      else
        local score = tonumber(first[2])
        local class = math.floor(score / 2^50)
        redis.pcall('HSET', fair, string.format('%.0f', class), string.format('%.0f', score - class * 2^50))
        wake(queue)
      end
      taken = {first[1], text or ''}
      if text then return taken end
      more = math.min(more, math.floor(redis.call('ZCARD', ready) / 4))
      local others = more > 0 and redis.call('ZRANGE', ready, 0, more - 1, 'WITHSCORES') or {}
      for n = 1, #others, 2 do
        if redis.call('HEXISTS', P .. 'limits', others[n]) == 1 then break end
        redis.call('ZREM', ready, others[n])
        redis.call('HSET', held, others[n], queue .. '|' .. others[n + 1])
        taken[#taken + 1] = others[n]
        taken[#taken + 1] = ''
      end
      return taken
    end
    redis.call('ZADD', P .. 'blocked:' .. waits_for, first[2], first[1])
    redis.call('SADD', P .. 'blocked', waits_for)
    left = left - 1
    if left == 0 then
      wake(queue)
      return false
    end
    first = redis.call('ZRANGE', ready, 0, 0, 'WITHSCORES')
  end
end
return false
"""
)

# KEYS: held. ARGV: member, its limits.
DROP = LIMITS + "let_go(KEYS[1], ARGV[1], ARGV[2])"

# KEYS: held. ARGV: member, and its queue where the caller has looked at it. Back at its old score: it is first again.
GIVE_BACK = (
    LIMITS
    + """
local value = redis.call('HGET', KEYS[1], ARGV[1])
if not value then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
local text = redis.call('HGET', P .. 'limits', ARGV[1])
if text then free(ARGV[1], text) end
-- Not at its place when that was spoiled: the sweep sends it anew.
local score = tonumber(string.match(value, '|(.+)$') or '')
if not score or score ~= score then return 0 end
local queue = ARGV[2] or string.match(value, '^[^|]*')
redis.call('ZADD', P .. 'ready:' .. queue, string.match(value, '|(.+)$'), ARGV[1])
wake(queue)
return 1
"""
)

# ARGV: member, its queue, its limits.
WITHDRAW = (
    LIMITS
    + """
redis.call('ZREM', P .. 'ready:' .. ARGV[2], ARGV[1])
redis.call('ZREM', P .. 'delayed', ARGV[1])
for _, limit in ipairs(parse(ARGV[3])) do redis.call('ZREM', P .. 'blocked:' .. limit.name, ARGV[1]) end
redis.call('HDEL', P .. 'limits', ARGV[1])
"""
)

# ARGV: member, its queue. Returns how many run before it, as far as can be told; false when it waits nowhere.
RANK = (
    LIMITS
    + """
local ready = P .. 'ready:' .. ARGV[2]
local rank = redis.call('ZRANK', ready, ARGV[1])
if rank then return rank end
local text = redis.call('HGET', P .. 'limits', ARGV[1])
for _, limit in ipairs(parse(text or '')) do
  local place = P .. 'blocked:' .. limit.name
  local score = redis.call('ZSCORE', place, ARGV[1])
  if score then return redis.call('ZRANK', place, ARGV[1]) + redis.call('ZCOUNT', ready, '-inf', '(' .. score) end
end
return false
"""
)

# KEYS: every place an id can be in: ready sets, delayed, then held hashes from KEYS[ARGV[1]] on.
# Returns 1 for each member that is nowhere.
MISSING = (
    LIMITS
    + """
local first_held = tonumber(ARGV[1])
local answer = {}
for m = 2, #ARGV do
  local found = 0
  for k = 1, #KEYS do
    if k < first_held then
      if redis.call('ZSCORE', KEYS[k], ARGV[m]) then found = 1 break end
    elseif redis.call('HEXISTS', KEYS[k], ARGV[m]) == 1 then found = 1 break end
  end
  if found == 0 then
    for _, limit in ipairs(parse(redis.call('HGET', P .. 'limits', ARGV[m]) or '')) do
      if redis.call('ZSCORE', P .. 'blocked:' .. limit.name, ARGV[m]) then found = 1 break end
    end
  end
  answer[m - 1] = 1 - found
end
return answer
"""
)
