-- register.lua: nothing -> ready. The worker's id is new, so nothing of an earlier life can be there.
-- ARGV: worker id, name, host, pid, version, slots, profile id, profile, queues as the user wrote them, types, 1 where it stops for drills

local id = ARGV[1]
if redis.call('ZSCORE', K.workers, id) then return 1 end -- its reply was lost, and it may have work by now
without_memory()
redis.call('HSET', K.status .. id, 'id', id, 'name', ARGV[2], 'host', ARGV[3], 'pid', ARGV[4], 'version', ARGV[5],
  'slots', ARGV[6], 'profile', ARGV[7], 'queues', ARGV[9], 'types', ARGV[10], 'state', 'ready', 'prefetch', 0,
  'assigned', 0, 'running', 0, 'drills', ARGV[11], 'started', int(now), 'heartbeat', int(now),
  'card', table.concat({ ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[9], ARGV[10] }, '\n')) -- snapshot reads it whole
redis.call('ZADD', K.workers, int(now), id)
redis.call('HSET', K.profiles, ARGV[7], ARGV[8])
redis.call('HINCRBY', K.profile_count, ARGV[7], 1)
set_load(id, ARGV[7], 'ready', tonumber(ARGV[6]), 0, 0)
wake()
commit()
return 1
