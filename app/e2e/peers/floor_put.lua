-- floor_put.lua: the least that submits a task with an id
-- KEYS[1] ids      KEYS[2] tasks by id
-- ARGV[1] id      ARGV[2] payload
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return redis.call('RPUSH', KEYS[1], ARGV[1])
