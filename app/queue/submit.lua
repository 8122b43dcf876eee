-- submit.lua: nothing -> pending or scheduled; then assign, where a worker has room.
-- ARGV[1] number of tasks, then five each: id, priority, queue, type, record from max_attempts on;
--   then for some of them four each: their number, payload where it does not stand in the record, delay ms, run_at ms.
-- Returns for each task 1 created, 0 known with the same payload, -1 known with another one.

local n, more = tonumber(ARGV[1]), {}
for at = 5 * n + 2, #ARGV, 4 do
  more[tonumber(ARGV[at])] = { large = ARGV[at + 1], delay = tonumber(ARGV[at + 2]), run_at = tonumber(ARGV[at + 3]) }
end
local plain = { large = '', delay = 0, run_at = 0 }

-- payload_of reads a payload out of a record's end.
local function payload_of(id, tail, large)
  local length, rest = string.match(tail, '^%d+|%d+|([%d-]+)|(.*)$')
  if length == '-' then return large or redis.call('HGET', K.payloads, id) end
  return length and string.sub(rest, 1, tonumber(length))
end

local function same_payload(id, record, tail, large)
  local old = string.match(record, '^%d|[^|]*|[^|]*|%d+|(%d+|%d+|.*)$')
  return old ~= nil and payload_of(id, old) == payload_of(id, tail, large)
end

local function schedule(id, queue, due, stop)
  redis.call('HSET', K.state, id, 's|0|0||' .. int(due) .. '|0|0|0|' .. stop .. '||')
  redis.call('ZADD', K.scheduled, int(due), id)
  count(queue, 's', 1)
  if redis.call('ZRANK', K.scheduled, id) == 0 then wake() end
end

local ids, answers, records, recent = {}, {}, {}, {}
for i = 1, n do ids[i] = ARGV[5 * i - 3] end
local known, fresh = lookup(K.tasks, ids), {}
for i, id in ipairs(ids) do
  local at, extra = 5 * i - 3, more[i] or plain
  local queue, tail, twin = ARGV[at + 2], ARGV[at + 4], fresh[id]
  if twin then
    local same = payload_of(id, ARGV[5 * twin + 1], (more[twin] or plain).large) == payload_of(id, tail, extra.large)
    answers[i] = same and 0 or -1
  elseif known[i] then
    answers[i] = same_payload(id, known[i], tail, extra.large) and 0 or -1
  else
    fresh[id], answers[i] = i, 1
    local m = #records
    records[m + 1], recent[#recent + 1] = id, id
    records[m + 2] = ARGV[at + 1] .. '|' .. queue .. '|' .. ARGV[at + 3] .. '|' .. now_text .. '|' .. tail
    if extra.large ~= '' then redis.call('HSET', K.payloads, id, extra.large) end
    count(queue, 'S', 1)
    local due = extra.delay > 0 and now + extra.delay or extra.run_at
    if due > now then
      schedule(id, queue, due, extra.delay > 0 and DELAYED or '0')
    else
      enqueue(id, queue, ARGV[at + 1])
    end
  end
end

if #recent > 0 then
  many('HSET', K.tasks, records)
  flush()
  if many('LPUSH', K.recent, recent) > RECENT_TASKS + 500 then redis.call('LTRIM', K.recent, 0, RECENT_TASKS - 1) end
  local _, left = assign(#recent)
  if left then wake() end
  commit()
end
return answers
