-- ready.lua: assign, for the scripts that make work or room. The function itself is made only where a worker has room, or
-- claims: a submit to busy workers has no use for it. make_assign holds lanes.lua and assign.lua.

local assign_now

local function anybody_ready()
  for _, profile in ipairs(redis.call('HKEYS', K.profiles)) do
    if redis.call('EXISTS', K.ready .. profile) == 1 then return true end
  end
  return false
end

local function try_assign(most, claim)
  if not claim and not anybody_ready() then return 0, false end
  local backlog = redis.call('SMEMBERS', K.backlog)
  if #backlog == 0 then return 0, false end
  assign_now = assign_now or make_assign()
  return assign_now(most, claim, backlog)
end

-- assign raises nothing: most who call it have written already, and have to end what they began. What stopped it is its third
-- answer; its fourth is Redis's word for keys that hold no list, and were passed over.
local function assign(most, claim)
  local fine, moved, more, wrong, broken = pcall(try_assign, most, claim)
  if not fine then return 0, false, moved end
  return moved, more, wrong, broken
end
