-- submit.lua: nothing -> pending or scheduled; then assign, where a worker has room.
-- ARGV[1] number of tasks, then three each: id, record up to the time "priority|queue|type|", record from max_attempts on;
--   then for some of them four each: their number, payload where it does not stand in the record, delay ms, run_at ms.
-- Returns for each task 1 created, 0 known with the same payload, -1 known with another one.
-- Most tasks are new, go onto a lane at once, and begin as others of the script do. What only others need is made for them.

local args, n = ARGV, tonumber(ARGV[1])
local more = {}
for at = 3 * n + 2, #args, 4 do
  more[tonumber(args[at])] = { large = args[at + 1], delay = tonumber(args[at + 2]), run_at = tonumber(args[at + 3]) }
end

local function make_same()
  -- payload_of reads a payload out of a record's end.
  local function payload_of(id, tail, large)
    local length, rest = string.match(tail, '^%d+|%d+|([%d-]+)|(.*)$')
    if length == '-' then return large or redis.call('HGET', K.payloads, id) end
    return length and string.sub(rest, 1, tonumber(length))
  end

  -- same tells whether task i has the payload that its id has already: in a record, or as a task before it.
  return function(id, i, record, twin)
    local old, large = record and string.match(record, '^%d|[^|]*|[^|]*|%d+|(%d+|%d+|.*)$'), nil
    if twin then old, large = args[3 * twin + 1], more[twin] and more[twin].large end
    return old ~= nil and payload_of(id, old, large) == payload_of(id, args[3 * i + 1], more[i] and more[i].large)
  end
end

-- place puts a task that has more into its sets, and tells whether it goes onto a lane.
local function place(id, queue, extra)
  if extra.large ~= '' then redis.call('HSET', K.payloads, id, extra.large) end
  local due = extra.delay > 0 and now + extra.delay or extra.run_at
  if due <= now then return true end
  redis.call('HSET', K.state, id, 's|0|0||' .. int(due) .. '|0|0|0|' .. (extra.delay > 0 and DELAYED or '0') .. '||')
  redis.call('ZADD', K.scheduled, int(due), id)
  count(queue, 's', 1)
  if redis.call('ZRANK', K.scheduled, id) == 0 then wake() end
end

local ids, heads, lines = {}, {}, {}
local function read_head(text)
  local priority, queue = string.match(text, '^(%d)|([^|]*)|')
  local name = priority .. '|' .. queue
  lines[name] = lines[name] or { queue = queue, lane = priority, ids = {} }
  heads[text] = { queue = queue, line = lines[name].ids, made = 0 }
  return heads[text]
end

for i = 1, n do ids[i] = args[3 * i - 1] end
local known, fresh, same = lookup(K.tasks, ids), {}, nil
local answers, records, recent, created = {}, {}, {}, now_text .. '|'
for i, id in ipairs(ids) do
  if fresh[id] or known[i] then
    same = same or make_same()
    answers[i] = same(id, i, known[i], fresh[id]) and 0 or -1
  else
    local text = args[3 * i]
    local head, m = heads[text] or read_head(text), #recent
    fresh[id], answers[i], recent[m + 1] = i, 1, id
    records[2 * m + 1] = id -- one after the other: else the second would not go to the table's array
    records[2 * m + 2] = text .. created .. args[3 * i + 1]
    head.made = head.made + 1
    if not more[i] or place(id, head.queue, more[i]) then head.line[#head.line + 1] = id end
  end
end

if #recent > 0 then
  for _, line in pairs(lines) do -- first: where one of these keys is no list, nothing may have been written
    if #line.ids > 0 then listed(line.queue, line.lane, many('RPUSH', lane_key(line.queue, line.lane), line.ids), #line.ids) end
  end
  many('HSET', K.tasks, records)
  for _, head in pairs(heads) do count(head.queue, 'S', head.made) end
  if many('LPUSH', K.recent, recent) > RECENT_TASKS + 500 then redis.call('LTRIM', K.recent, 0, RECENT_TASKS - 1) end
  local _, left = assign(#recent)
  if left then wake() end
  write_counts()
end
return answers
