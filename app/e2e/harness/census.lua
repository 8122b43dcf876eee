-- census.lua: read only. All that stands in a cell at one moment, for tests: it blocks Redis for as long as it takes.
-- Returns three for each key: its name without the prefix, its type, and its values (a hash's with their fields).

local read = {
  hash = function(key) return redis.call('HGETALL', key) end,
  list = function(key) return redis.call('LRANGE', key, 0, -1) end,
  zset = function(key) return redis.call('ZRANGE', key, 0, -1) end,
  set = function(key) return redis.call('SMEMBERS', key) end,
  string = function(key) return { redis.call('GET', key) } end,
}

local answer = {}
for _, key in ipairs(redis.call('KEYS', KEYS[1] .. '*')) do
  local kind = redis.call('TYPE', key).ok
  answer[#answer + 1] = string.sub(key, #KEYS[1] + 1)
  answer[#answer + 1] = kind
  answer[#answer + 1] = read[kind](key)
end
return answer
