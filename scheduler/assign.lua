-- assign.lua: what submit and the workers' turns left over. The function stands in app/queue/assign.lua.
-- ARGV[1] most tasks to move. Returns {moved, 1 where there is more to do}.

local moved, more = assign(tonumber(ARGV[1]))
if counted() then commit() end
return { moved, more and 1 or 0 }
