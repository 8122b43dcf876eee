-- floor_take.lua: the least that gives out a batch of tasks, and forgets them
-- KEYS[1] ids      KEYS[2] tasks by id
-- ARGV[1] most tasks to give out
-- Returns their payloads, in order; none where there are no tasks.
local ids = redis.call('LPOP', KEYS[1], ARGV[1])
if not ids then
  return {}
end
local payloads = redis.call('HMGET', KEYS[2], unpack(ids))
redis.call('HDEL', KEYS[2], unpack(ids))
return payloads
