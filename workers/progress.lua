-- progress.lua: what running tasks last said of themselves.
-- ARGV: worker id, number, then four each: task id, attempt, percent, message. Reports of tasks that this worker does
-- not run any more are dropped. Returns the number written.

local written = 0
for i = 1, tonumber(ARGV[2]) do
  local a = 2 + (i - 1) * 4
  local s = parse(redis.call('HGET', K.state, ARGV[a + 1]))
  if s.code == 'r' and s.worker == ARGV[1] and s.attempt == tonumber(ARGV[a + 2]) then
    redis.call('HSET', K.progress, ARGV[a + 1], ARGV[a + 3] .. '|' .. ARGV[a + 4])
    written = written + 1
  end
end
if written > 0 then commit() end
return written
