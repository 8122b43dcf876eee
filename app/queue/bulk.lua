-- bulk.lua: a user's move of the next tasks of a selection. What was moved is off the selection: sent again, after a reply
-- that was lost too, the script goes on where it stopped.
-- ARGV[1] selection      ARGV[2] the codes of the states that tasks may come from      ARGV[3] most tasks
-- Returns "unknown", or {tasks left, done, skipped, gone}, the last three of all that was done with the selection.

local about, list = K.selection .. ARGV[1], K.selected .. ARGV[1]
local n = redis.call('HMGET', about, 'count', 'done', 'skipped', 'gone')
if not n[1] then return 'unknown' end
for i = 1, 4 do n[i] = tonumber(n[i]) end
local left = redis.call('LLEN', list)
if left ~= n[1] - n[2] - n[3] - n[4] then return 'unknown' end -- Redis, short of memory, dropped the list

local most_walked = 20000 -- list entries looked at for pending ids, after which no other task is begun: some ms
local ids, at, any = redis.call('LRANGE', list, 0, tonumber(ARGV[3]) - 1), 0, false
while at < #ids and walked < most_walked do
  at = at + 1
  local answer, changed = try(ids[at], ARGV[2])
  local what = answer == 'unknown' and 4 or answer == 'state' and 3 or 2
  n[what], any = n[what] + 1, any or changed
end
if at > 0 then
  redis.call('LTRIM', list, at, -1)
  redis.call('HSET', about, 'done', int(n[2]), 'skipped', int(n[3]), 'gone', int(n[4]))
end
if any then
  settle()
  commit()
end
redis.call('PEXPIRE', about, SELECTION_KEPT)
redis.call('PEXPIRE', list, SELECTION_KEPT)
return { left - at, n[2], n[3], n[4] }
