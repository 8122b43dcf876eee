-- cancel.lua: any state before the end -> canceled. A running task is asked to stop: its worker cancels its context,
-- and whatever it reports then is recorded as canceled.
-- ARGV[1] task id. Returns "unknown", "state" (it is final already), "canceled" or "asked".

local id = ARGV[1]
local record, value = redis.call('HGET', K.tasks, id), redis.call('HGET', K.state, id)
if not record then return 'unknown' end
local h, s = header(record), parse(value)
if s.code == 'c' or s.code == 'f' or s.code == 'x' then return 'state' end

if s.code == 'r' and s.stop == '1' then return 'asked' end
without_memory()
if s.code == 'r' then
  s.stop = '1'
  redis.call('HSET', K.state, id, format(s))
  redis.call('SADD', K.cancels .. s.worker, id)
  redis.call('RPUSH', K.inbox .. s.worker, 'cancel')
  commit()
  return 'asked'
end

count(h.queue, s.code, -1)
if s.code == 'p' then
  unlist(id, h)
elseif s.code == 'a' then
  redis.call('LREM', K.processing .. s.worker, 1, id)
  shift(s.worker, -1, 0)
else
  redis.call('ZREM', index[s.code], id)
end
finalize(id, h, s, 'x', 'canceled')
redis.call('HSET', K.state, id, format(s))
if assign(1) > 0 then wake() end
commit()
return 'canceled'
