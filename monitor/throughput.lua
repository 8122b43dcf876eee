-- throughput.lua: notes the totals of all queues, once in each minute of Redis's clock, whoever asks how often.
-- ARGV[1] most notes to keep
-- Returns 1 where it noted them, 0 where this minute has its note.
--
-- A note is ms|submitted|completed|failed, the oldest first.

local function moment_of(note) return tonumber(note and string.match(note, '^%d+')) end

local last = redis.call('LINDEX', K.throughput, -1)
local at = moment_of(last)
if at and at <= now and math.floor(at / 60000) == math.floor(now / 60000) then return 0 end

local total = { S = 0, C = 0, F = 0 }
local counts = redis.call('HGETALL', K.counts)
for i = 1, #counts, 2 do
  local code = string.match(counts[i], '|([SCF])$')
  if code then total[code] = total[code] + (tonumber(counts[i + 1]) or 0) end
end

without_memory()
-- What the future wrote, before the clock was set back, cannot be compared.
while last and (not at or at > now) do
  redis.call('RPOP', K.throughput)
  last = redis.call('LINDEX', K.throughput, -1)
  at = moment_of(last)
end
redis.call('RPUSH', K.throughput, table.concat({ int(now), int(total.S), int(total.C), int(total.F) }, '|'))
redis.call('LTRIM', K.throughput, -tonumber(ARGV[1]), -1)
return 1
