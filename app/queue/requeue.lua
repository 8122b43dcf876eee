-- requeue.lua: failed, canceled, retry or scheduled -> pending, by a user's word: redrive and run now.
-- ARGV[1] task id      ARGV[2] the codes of the states that it may come from
-- Returns "unknown", "state" or "pending". A final task starts again at attempt 1; its history is kept.

local id = ARGV[1]
local record, value = redis.call('HGET', K.tasks, id), redis.call('HGET', K.state, id)
if not record then return 'unknown' end
local h, s = header(record), parse(value)
if not string.find(ARGV[2], s.code, 1, true) then return 'state' end
if s.code == 'p' then return 'pending' end

requeue(id, h, s)
flush()
local _, more = assign(1)
if more then wake() end
commit()
return 'pending'
