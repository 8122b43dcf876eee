-- try.lua: a user's move of a task, where it exists. The part before it says what the move is: apply(id, header, state)
-- makes it and tells how it ended, and whether it changed anything; settle() does, once a script, what is left when all
-- are made.
-- try answers what apply says, "unknown", or "state" where the task is in none of the states whose codes from has. One
-- whose records cannot be read counts as in none: nothing must stumble over it.

local function try(id, from)
  local record, value = redis.call('HGET', K.tasks, id), redis.call('HGET', K.state, id)
  if not record then return 'unknown' end
  if not readable(record, value) then return 'state' end
  local s = parse(value)
  if not string.find(from, s.code, 1, true) then return 'state' end
  return apply(id, header(record), s)
end
