-- assign.lua: what submit and the workers' turns left over. The function stands in app/queue/assign.lua.
-- ARGV[1] most tasks to move. Returns {moved, 1 where there is more to do}. It says what went wrong for all others, too,
-- but moves what can be moved.

local moved, more, wrong, broken = assign(tonumber(ARGV[1]))
if counted() then commit() end
if wrong or broken then return refusal(wrong or broken) end
return { moved, more and 1 or 0 }
