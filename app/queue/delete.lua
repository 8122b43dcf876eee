-- delete.lua: any state but assigned and running -> nothing.
-- ARGV[1] task id. Returns "unknown", "state" or "deleted".

local id = ARGV[1]
local record, value = redis.call('HGET', K.tasks, id), redis.call('HGET', K.state, id)
if not record then return 'unknown' end
local h, s = header(record), parse(value)
if s.code == 'a' or s.code == 'r' then return 'state' end

if s.code == 'p' then unlist(id, h) else redis.call('ZREM', index[s.code], id) end
count(h.queue, s.code, -1)
count(h.queue, 'D', 1)
forget(id)
commit()
return 'deleted'
