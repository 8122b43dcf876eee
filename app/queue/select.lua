-- select.lua: keeps the ids of a selection, part by part, and then what it is. It moves no task. Sent again it does nothing.
-- ARGV[1] selection      ARGV[2] how many ids were kept before      ARGV[3] what the selection is, "" but with the last part
-- ARGV[4..] ids. Returns {ids kept, ms since the epoch}.

local about, list, ids = K.selection .. ARGV[1], K.selected .. ARGV[1], {}
for i = 4, #ARGV do ids[#ids + 1] = ARGV[i] end
local length = redis.call('LLEN', list)
if length == tonumber(ARGV[2]) and #ids > 0 then
  length = many('RPUSH', list, ids)
  redis.call('PEXPIRE', list, SELECTION_KEPT)
end
if ARGV[3] ~= '' then
  redis.call('HSET', about, 'about', ARGV[3], 'at', now_text, 'count', int(length), 'done', '0', 'skipped', '0', 'gone', '0')
  redis.call('PEXPIRE', about, SELECTION_KEPT)
end
return { length, now }
