-- redrive.lua: begins or stops the redrive of a group of failed tasks. It moves no task: the monitor does, stage by stage
-- (monitor/redrive.lua). A repeat gives the same answer.
-- ARGV[1] "start" or "stop"      ARGV[2] id of the redrive
-- start: ARGV[3] group, [4] type, [5] fingerprint, [6] an error, [7] ms: what failed later is not touched, [8..] ids
-- Returns "started", "busy" (the group's last one is under way), "stopping", "state" (it has ended) or "unknown".

local id = ARGV[2]
local state = redis.call('HGET', K.redrive .. id, 'state')

if ARGV[1] == 'stop' then
  if not state then return 'unknown' end
  if state ~= 'running' then return 'state' end
  redis.call('HSET', K.redrive .. id, 'asked', '1')
  commit()
  return 'stopping'
end

if state then return 'started' end
local other = redis.call('HGET', K.redriving, ARGV[3])
if other and redis.call('EXISTS', K.redrive .. other) == 1 then return 'busy' end

local ids = {}
for i = 8, #ARGV do ids[i - 7] = ARGV[i] end
redis.call('HSET', K.redrive .. id, 'group', ARGV[3], 'type', ARGV[4], 'fingerprint', ARGV[5], 'example', ARGV[6],
  'until', ARGV[7], 'total', #ids, 'state', 'running', 'stage', 1, 'waiting', #ids, 'open', 0, 'ok', 0, 'failed', 0,
  'skipped', 0, 'started', now_text)
many('RPUSH', K.redrive_ids .. id, ids)
redis.call('HSET', K.redriving, ARGV[3], id)
redis.call('ZREMRANGEBYSCORE', K.redrives, '-inf', int(now - KEEP_FAILED))
redis.call('ZADD', K.redrives, now_text, id)
commit()
return 'started'
