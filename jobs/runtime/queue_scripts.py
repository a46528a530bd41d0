"""The Lua that runs inside Redis: each script is one step that nobody can see half done.

Keys (all under `koebako:`):
    ready:{queue}    zset  member -> score: the priority class, then the fair start (see SEND)
    fair:{queue}     hash  last start per "class:order key", and "class" -> start now in service
    wake:{queue}     list  at most one token; a worker that waits blocks on it
    delayed          zset  member -> Unix milliseconds at which it is due
    held:{worker}    hash  member -> "queue|score": taken, not yet committed
A member is `id.hmac`, nothing else.
"""

# Start-time fair queueing: every order key has a clock of its own that advances by one per
# task, and never lags behind the task now in service. So a key with a thousand waiting
# tasks and one with a single task take turns, and one key's tasks keep their order.
# Source: Goyal, Vin, Cheng 1996, "Start-time Fair Queueing", section 2.
# %.0f, because Lua prints a number above 10^14 with digits lost.
SEND = """
local ready, fair, wake, delayed = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local member, class, order = ARGV[1], ARGV[2], ARGV[3]
redis.call('ZREM', delayed, member)
if not redis.call('ZSCORE', ready, member) then
  local served = tonumber(redis.call('HGET', fair, class) or '0')
  local last = tonumber(redis.call('HGET', fair, class .. ':' .. order) or '0')
  local start = math.max(served, last) + 1
  redis.call('HSET', fair, class .. ':' .. order, string.format('%.0f', start))
  redis.call('ZADD', ready, string.format('%.0f', tonumber(class) * 2^50 + start), member)
end
if redis.call('LLEN', wake) == 0 then redis.call('RPUSH', wake, '1') end
return redis.call('ZRANK', ready, member)
"""

# KEYS: held, then ready, fair and wake of each queue in the order they are served.
# The token is passed on while work is left: one token wakes the whole chain of workers.
TAKE = """
local held = KEYS[1]
if ARGV[1] ~= '' then redis.call('HDEL', held, ARGV[1]) end
for i = 2, #KEYS, 3 do
  local ready, fair, wake = KEYS[i], KEYS[i + 1], KEYS[i + 2]
  local first = redis.call('ZRANGE', ready, 0, 0, 'WITHSCORES')
  if first[1] then
    redis.call('ZREM', ready, first[1])
    redis.call('HSET', held, first[1], ARGV[1 + (i + 1) / 3] .. '|' .. first[2])
    if redis.call('ZCARD', ready) == 0 then
      redis.call('DEL', fair)
    else
      local score = tonumber(first[2])
      local class = math.floor(score / 2^50)
      redis.call('HSET', fair, string.format('%.0f', class), string.format('%.0f', score - class * 2^50))
      if redis.call('LLEN', wake) == 0 then redis.call('RPUSH', wake, '1') end
    end
    return first[1]
  end
end
return false
"""

# KEYS: held, ready, wake of the member's queue. Back at its old score: it is first again.
GIVE_BACK = """
local value = redis.call('HGET', KEYS[1], ARGV[1])
if not value then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
local score = string.match(value, '|(.+)$')
redis.call('ZADD', KEYS[2], score, ARGV[1])
if redis.call('LLEN', KEYS[3]) == 0 then redis.call('RPUSH', KEYS[3], '1') end
return 1
"""

# KEYS: every place an id can be in: ready sets, delayed, then held hashes from KEYS[ARGV[1]] on.
# Returns 1 for each member that is nowhere.
MISSING = """
local first_held = tonumber(ARGV[1])
local answer = {}
for m = 2, #ARGV do
  local found = 0
  for k = 1, #KEYS do
    if k < first_held then
      if redis.call('ZSCORE', KEYS[k], ARGV[m]) then found = 1 break end
    elseif redis.call('HEXISTS', KEYS[k], ARGV[m]) == 1 then found = 1 break end
  end
  answer[m - 1] = 1 - found
end
return answer
"""
