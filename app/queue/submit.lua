-- submit.lua: nothing -> pending or scheduled; then assign, where a worker has room.
-- ARGV[1] number of tasks, then three each: id, record up to the time "priority|queue|type|", record from max_attempts on;
--   then for some of them four each: their number, payload where it does not stand in the record, delay ms, run_at ms.
-- Returns for each task 1 created, 0 known with the same payload, -1 known with another one.

local args = ARGV
local n, more = tonumber(args[1]), {}
for at = 3 * n + 2, #args, 4 do
  more[tonumber(args[at])] = { large = args[at + 1], delay = tonumber(args[at + 2]), run_at = tonumber(args[at + 3]) }
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

-- Most tasks of a script begin alike: what their heads say is read once.
local heads = {}
local function read_head(text)
  local head = { made = 0 }
  head.priority, head.queue = string.match(text, '^(%d)|([^|]*)|')
  heads[text] = head
  return head
end

local function put(id, head, extra)
  if extra.large ~= '' then redis.call('HSET', K.payloads, id, extra.large) end
  local due = extra.delay > 0 and now + extra.delay or extra.run_at
  if due > now then return schedule(id, head.queue, due, extra.delay > 0 and DELAYED or '0') end
  head.line = head.line or line(head.queue, head.priority)
  head.line[#head.line + 1] = id
end

local ids, answers, records, recent, created = {}, {}, {}, {}, now_text .. '|'
for i = 1, n do ids[i] = args[3 * i - 1] end
local known, fresh = lookup(K.tasks, ids), {}
for i, id in ipairs(ids) do
  local text, tail, twin = args[3 * i], args[3 * i + 1], fresh[id]
  if twin then
    local same = payload_of(id, args[3 * twin + 1], (more[twin] or plain).large) == payload_of(id, tail, (more[i] or plain).large)
    answers[i] = same and 0 or -1
  elseif known[i] then
    answers[i] = same_payload(id, known[i], tail, (more[i] or plain).large) and 0 or -1
  else
    local head, m = heads[text] or read_head(text), #recent
    fresh[id], answers[i], recent[m + 1] = i, 1, id
    records[2 * m + 1] = id -- one after the other: else the second would not go to the table's array
    records[2 * m + 2] = text .. created .. tail
    head.made = head.made + 1
    put(id, head, more[i] or plain)
  end
end

if #recent > 0 then
  flush() -- first: where one of these keys is no list, nothing may have been written
  many('HSET', K.tasks, records)
  for _, head in pairs(heads) do count(head.queue, 'S', head.made) end
  if many('LPUSH', K.recent, recent) > RECENT_TASKS + 500 then redis.call('LTRIM', K.recent, 0, RECENT_TASKS - 1) end
  local _, left = assign(#recent)
  if left then wake() end
  commit()
end
return answers
