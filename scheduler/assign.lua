-- assign.lua: what submit and the workers' turns left over. The function stands in app/queue/assign.lua.
-- ARGV[1] most tasks to move. Returns {1 where there is more to do, Redis's word for keys that hold no list and were passed over,
-- or ""}. It says what went wrong for all who assign, but moves what can be moved.

local _, more, wrong, broken = assign(tonumber(ARGV[1]))
if counted() then commit() end
if wrong then return redis.error_reply(caught(wrong)) end
return { more and 1 or 0, broken or '' }
