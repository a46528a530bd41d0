"""The Lua of breaker.py: each step of a breaker is one script, which nobody can see half done.

KEYS of all: state (hash: until, opens, probe, probe_until, error, error_at, by), failures (list of ms, oldest first),
calls (hash of all providers, for metrics; whatever others put there must stop no call).
"""

NOW = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function number(field) return tonumber(redis.call('HGET', KEYS[1], field) or '0') end
"""

# ARGV: lease of a probe in ms, its token, its field of calls.
# Returns (1 through / 2 through as the probe / 0 not, ms to wait, failures).
ADMIT = (
    NOW
    + """
local open_until, leased_until = number('until'), number('probe_until')
if open_until ~= 0 and now < open_until then return {0, open_until - now, 0} end
if open_until ~= 0 and now < leased_until then return {0, leased_until - now, 0} end
redis.pcall('HINCRBY', KEYS[3], ARGV[3], 1)
if open_until == 0 then return {1, 0, redis.call('LLEN', KEYS[2])} end
redis.call('HSET', KEYS[1], 'probe', ARGV[2], 'probe_until', now + ARGV[1])
return {2, 0, 0}
"""
)

# ARGV: token, empty for a call that was no probe. Returns 1 when this closed it.
SUCCEEDED = """
if ARGV[1] == '' then redis.call('LPOP', KEYS[2]) return 0 end
if redis.call('HGET', KEYS[1], 'probe') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'until', 'opens', 'probe', 'probe_until', 'by')
redis.call('DEL', KEYS[2])
return 1
"""

# ARGV: token, error, ms asked for (0: none), failures to open at, window ms, first ms open, longest ms, memory ms, its
# field of failures.
# Returns the ms it is open for by this failure, 0 when it did not open it.
FAILED = (
    NOW
    + """
redis.pcall('HINCRBY', KEYS[3], ARGV[9], 1)
local asked, open_until, opens = tonumber(ARGV[3]), number('until'), number('opens')
redis.call('HSET', KEYS[1], 'error', ARGV[2], 'error_at', now)
redis.call('PEXPIRE', KEYS[1], math.max(ARGV[8], open_until - now + ARGV[8]))
local length = 0
if open_until == 0 then
  redis.call('RPUSH', KEYS[2], now)
  redis.call('LTRIM', KEYS[2], -ARGV[4], -1)
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
  local is_full = redis.call('LLEN', KEYS[2]) >= tonumber(ARGV[4])
  if asked > 0 then length = asked
  elseif is_full and now - redis.call('LINDEX', KEYS[2], 0) <= tonumber(ARGV[5]) then length = tonumber(ARGV[6]) end
elseif ARGV[1] ~= '' and redis.call('HGET', KEYS[1], 'probe') == ARGV[1] then
  length = asked
  if asked == 0 then length = math.min(ARGV[6] * 2 ^ (opens + 1), ARGV[7]) end
  redis.call('HINCRBY', KEYS[1], 'opens', 1)
elseif asked > 0 and now + asked > open_until then
  length = asked
end
if length == 0 then return 0 end
redis.call('HSET', KEYS[1], 'until', now + length)
redis.call('HDEL', KEYS[1], 'probe', 'probe_until')
redis.call('PEXPIRE', KEYS[1], length + ARGV[8])
return length
"""
)

# ARGV: token. The probe came to nothing either way: the next call may be the probe.
RELEASED = """
if redis.call('HGET', KEYS[1], 'probe') == ARGV[1] then redis.call('HDEL', KEYS[1], 'probe', 'probe_until') end
"""

# ARGV: ms to keep it open for, 0 closes it; memory ms.
SWITCH = (
    NOW
    + """
redis.call('HDEL', KEYS[1], 'until', 'opens', 'probe', 'probe_until', 'by')
redis.call('DEL', KEYS[2])
if tonumber(ARGV[1]) > 0 then redis.call('HSET', KEYS[1], 'until', now + ARGV[1], 'by', 'hand') end
redis.call('PEXPIRE', KEYS[1], ARGV[1] + ARGV[2])
"""
)
