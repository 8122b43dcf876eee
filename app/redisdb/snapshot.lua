-- snapshot.lua: reads every key of the store in memory, at one moment. Never run on a real Redis: it reads everything.
-- No KEYS, no ARGV.
-- Returns one entry a key: {key, type, remaining milliseconds or -1, {value, …}}; the values are as in record.Values.
local READ = {
  string = function(key) return { redis.call('GET', key) } end,
  list = function(key) return redis.call('LRANGE', key, 0, -1) end,
  set = function(key) return redis.call('SMEMBERS', key) end,
  hash = function(key) return redis.call('HGETALL', key) end,
  zset = function(key) return redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end,
}
local out = {}
for i, key in ipairs(redis.call('KEYS', '*')) do
  local kind = redis.call('TYPE', key).ok
  if not READ[kind] then
    return redis.error_reply('ERR a snapshot holds no ' .. kind .. ': ' .. key)
  end
  out[i] = { key, kind, redis.call('PTTL', key), READ[kind](key) }
end
return out
