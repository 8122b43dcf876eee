-- place.lua: read only. Where a pending task stands in its queue's line.
-- ARGV[1] id      ARGV[2] how many entries of its lane to look at
-- Returns {how many stand before it}, or {how many do at least, 1} where it is deeper than that; {} where it is not pending.

local id, deepest = ARGV[1], tonumber(ARGV[2])
local record, state = redis.call('HGET', K.tasks, id), redis.call('HGET', K.state, id)
if not readable(record, state) or parse(state).code ~= 'p' then return {} end
local h = header(record)
local before = 0
-- What was set aside for another type waits for other workers, and is not before it.
for priority = 9, tonumber(h.priority) + 1, -1 do
  before = before + redis.call('LLEN', lane_key(h.queue, int(priority)))
    + redis.call('LLEN', lane_key(h.queue, int(priority) .. '@' .. h.type))
end
for _, lane in ipairs({ h.priority .. '@' .. h.type, h.priority }) do
  local key = lane_key(h.queue, lane)
  local at = redis.call('LPOS', key, id, 'MAXLEN', deepest)
  if at then return { before + at } end
  before = before + redis.call('LLEN', key)
end
return { before > deepest and deepest or before, 1 }
