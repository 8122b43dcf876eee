-- unlist.lua: takes a pending id off its lane, for cancel and delete; a part of the library. Who moves many takes them in
-- the order of a lane, from its head or its tail: so it is looked for near both ends first, and first where the last one was.
-- Deep inside a very long lane an id stays as a dead entry, which assign drops when it gets there: looking for it would hold
-- up everybody. So a script looks through no long lane in vain twice. walked is about how many entries it looked at.
local near, deep, walked, in_vain, from = 200, 5000, 0, {}, {}

-- end_of tells from which end of a lane an id is to be removed, 1 or -1; or nil.
local function end_of(key, id)
  local length, first = redis.call('LLEN', key), from[key] or 1
  for _, span in ipairs({ near, deep }) do
    for _, rank in ipairs({ first, -first }) do
      local at = redis.call('LPOS', key, id, 'RANK', rank, 'MAXLEN', span)
      walked = walked + (at and 2 * (rank == 1 and at or length - at) or math.min(span, length))
      if at then
        from[key] = rank
        return rank
      end
      if span >= length then return nil end
    end
  end
  in_vain[key] = true
end

local function unlist(id, h)
  for _, lane in ipairs({ h.priority, h.priority .. '@' .. h.type }) do
    local key = lane_key(h.queue, lane)
    local rank = not in_vain[key] and end_of(key, id)
    if rank then return redis.call('LREM', key, rank, id) end
  end
  return 0
end
