/** KEYS: number. ARGV: what to add, time to live in ms or 0. The time to live is that of whoever made the number. */
export const ADD = `
local known = redis.call('EXISTS', KEYS[1])
local sum = redis.call('INCRBY', KEYS[1], ARGV[1])
if known == 0 and tonumber(ARGV[2]) > 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return sum`;

/** KEYS: lock. ARGV: token. Removes the lock if it is the one of the token. */
export const UNLOCK = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

/**
 * KEYS: bucket. ARGV: rate, max, interval in ms, cost. By the clock of the server, which all nodes share. Answers 0 if the tokens were
 * taken, else how many are missing, as text. A bucket that would be full again is forgotten.
 */
export const TAKE = `
local rate, max, interval, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local known = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local elapsed = math.max(0, now - (tonumber(known[2]) or now))
local tokens = math.min(max, (tonumber(known[1]) or max) + elapsed * rate / interval)
local missing = 0
if tokens >= cost then tokens = tokens - cost else missing = cost - tokens end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.3f', now))
if rate > 0 then redis.call('PEXPIRE', KEYS[1], math.ceil((max - tokens) * interval / rate) + 1000) end
return string.format('%.6f', missing)`;
