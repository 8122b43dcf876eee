-- pause.lua: assign takes nothing from a paused queue; what is assigned already runs on.
-- ARGV[1] queue      ARGV[2] "pause" or "resume". Returns 1 where it changed something.

local changed
if ARGV[2] == 'pause' then
  changed = redis.call('HSETNX', K.paused, ARGV[1], int(now))
else
  changed = redis.call('HDEL', K.paused, ARGV[1])
  if changed == 1 then wake() end
end
if changed == 1 then commit() end
return changed
