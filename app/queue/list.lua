-- list.lua: read only. A page of one list or set, from a cursor on.
-- ARGV[1] "list", "up" or "down" (a set by rising or falling score)      ARGV[2] key
-- ARGV[3] number of entries to skip, from the last page      ARGV[4] the id that stood there, or ""
-- ARGV[5] most tasks to answer      ARGV[6] most entries to look at
-- ARGV[7] code of the state that they must have, or ""
-- ARGV[8] queue, ARGV[9] type, ARGV[10] part of the id, ARGV[11] worker, each or ""      ARGV[12] "ids" or ""
-- Returns {entries to skip for the next page, or -1 at the end; last id; then six strings a task: id, record, state,
-- payload, result, progress; with "ids" its id alone}.

local kind, key = ARGV[1], ARGV[2]
local skip, last, most, budget = tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local code, queue, type_of, part, worker = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]
local brief = ARGV[12] == 'ids'

local function range(from, n)
  if kind == 'list' then return redis.call('LRANGE', key, from, from + n - 1) end
  return redis.call(kind == 'up' and 'ZRANGE' or 'ZREVRANGE', key, from, from + n - 1)
end

-- Entries come and go between two pages: the place of the last id, where it is still there, counts more than the number.
local function resume()
  if last == '' then return skip end
  local at
  if kind == 'list' then
    if skip > 0 and redis.call('LINDEX', key, skip - 1) == last then return skip end
    local from = math.max(skip - 5000, 0)
    for i, id in ipairs(range(from, 10000)) do
      if id == last then at = from + i - 1 end
    end
  else
    at = redis.call(kind == 'up' and 'ZRANK' or 'ZREVRANK', key, last)
  end
  return at and at + 1 or skip
end

local function wanted(id, record, state)
  if not record then return false end
  local s = state and string.sub(state, 1, 1) or 'p'
  if code ~= '' and s ~= code then return false end
  if worker ~= '' and not (state and string.match(state, '^%a|%d+|%d+|([^|]*)|') == worker) then return false end
  if part ~= '' and not string.find(id, part, 1, true) then return false end
  if queue == '' and type_of == '' then return true end
  local h = header(record)
  return (queue == '' or h.queue == queue) and (type_of == '' or h.type == type_of)
end

local answer = { -1, '' }
local function show(id, record, state)
  for _, value in ipairs({ record, state or '', redis.call('HGET', K.payloads, id) or '',
    redis.call('HGET', K.results, id) or '', redis.call('HGET', K.progress, id) or '' }) do
    answer[#answer + 1] = value
  end
end

local at, found, seen = resume(), 0, 0
local chunk = math.min(most, 100)
while found < most and seen < budget do
  local ids = range(at, chunk)
  local records, states = lookup(K.tasks, ids), lookup(K.state, ids)
  for i, id in ipairs(ids) do
    if found == most then break end
    at, seen = at + 1, seen + 1
    answer[2] = id
    if wanted(id, records[i], states[i]) then
      found = found + 1
      answer[#answer + 1] = id
      if not brief then show(id, records[i], states[i]) end
    end
  end
  if found < most and #ids < chunk then return answer end
end
if #range(at, 1) > 0 then answer[1] = at end
return answer
