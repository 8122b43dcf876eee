-- lanes.lua: the lines in which a queue's pending ids wait, for assign. What is taken off a line and not used goes back.

-- by_priority puts the urgent lanes first, and among equals what was set aside before what still waits behind it.
local function by_priority(a, b)
  local pa, pb = string.byte(a.name), string.byte(b.name)
  if pa ~= pb then return pa > pb end
  if (a.type == nil) ~= (b.type == nil) then return a.type ~= nil end
  return a.name < b.name
end

local function open_lane(queue, name)
  local priority = string.sub(name, 1, 1)
  return { queue = queue, key = lane_key(queue, name), name = name, type = string.match(name, '@(.*)$'),
    head = priority .. '|' .. queue .. '|', ids = {}, at = 1 }
end

local function open_queue(name)
  local q = { name = name, lanes = {}, started = 0, assigned = 0 }
  for _, lane in ipairs(redis.call('SMEMBERS', K.lanes .. name)) do q.lanes[#q.lanes + 1] = open_lane(name, lane) end
  table.sort(q.lanes, by_priority)
  return q
end

-- kind_of gives the type of a task that may be taken from a lane, and whether its payload stands apart; or nil for a dead
-- entry (see unlist): an id that has no record, another state than pending, or belongs on another lane. One whose records
-- cannot be read is put on a list of its own, for people to look at. What a record begins with, up to its payload, says it
-- all: of tasks that were submitted together it is read once.
local handed = {}

local function kind_of(lane, id, record, state)
  if not record then return nil end
  if not state and lane.begins and string.find(record, lane.begins, 1, true) == 1 then return lane.kind, lane.large end
  local here = string.sub(record, 1, #lane.head) == lane.head
  local kind, length, to
  if here then kind, length, to = string.match(record, '^([^|]*)|%d+|%d+|%d+|([%d-]+)|()', #lane.head + 1) end
  if not kind or state then
    if handed[id] then return nil end
    if not readable(record, state) then
      put_aside(id, lane.queue, 'p')
      handed[id] = true
      return nil
    end
    if not here or state and string.byte(state) ~= 112 then return nil end
  end
  if lane.type and lane.type ~= kind then return nil end
  lane.begins, lane.kind, lane.large = string.sub(record, 1, to - 1), kind, length == '-'
  return kind, lane.large
end

-- fill takes the next ids off a lane's head, and keeps the live ones with their records. What is not used goes back in
-- give_back.
local dead, most_dead = 0, 2000

local broken -- of keys that hold no list, and were passed over: Redis's word for it

local function no_list(reply)
  if not reply.err or not string.find(reply.err, '^WRONGTYPE') then return false end
  broken = reply.err
  return true
end

local function fill(lane, n)
  local ids = redis.pcall('LPOP', lane.key, n) or {}
  if no_list(ids) then
    lane.broken, ids = true, {}
  elseif ids.err then
    error(ids.err, 0)
  end
  local popped = #ids
  lane.emptied = popped < n
  lane.at, lane.ids = 1, ids -- at once: should Redis refuse what follows, they go back
  local records, states = lookup(K.tasks, ids), lookup(K.state, ids)
  local kinds, apart, live, k = {}, {}, {}, 0
  for i, id in ipairs(ids) do
    local kind, large = kind_of(lane, id, records[i], states[i])
    if kind then
      k = k + 1
      live[k], kinds[k], apart[k] = id, kind, large
      if k < i then records[k], states[k] = records[i], states[i] end
    end
  end
  dead = dead + popped - k
  lane.ids, lane.kinds, lane.apart, lane.records, lane.states = live, kinds, apart, records, states
end

-- peek finds a lane's first live task, which then stands at lane.at, and gives its type; or nil, also where it met more
-- dead entries than one script should drop.
local function peek(lane, n)
  while true do
    local id = lane.ids[lane.at]
    if id == nil then
      if lane.emptied or dead > most_dead then return nil end
      fill(lane, n)
      if lane.emptied and #lane.ids == 0 then return nil end
    elseif handed[id] then
      lane.at = lane.at + 1
    else
      return lane.kinds[lane.at]
    end
  end
end

-- set_aside puts an id onto the lane of its priority and type, and tells whether that takes it.
local function set_aside(q, id, name)
  local lane, known = nil, true
  for _, l in ipairs(q.lanes) do
    if l.name == name then lane = l end
  end
  if not lane then lane, known = open_lane(q.name, name), false end
  local length = redis.pcall('RPUSH', lane.key, id)
  if type(length) ~= 'number' then
    if not no_list(length) then error(length.err, 0) end
    return false
  end
  lane.emptied = false
  if not known then
    redis.call('SADD', K.lanes .. q.name, name)
    q.lanes[#q.lanes + 1] = lane
    table.sort(q.lanes, by_priority)
  end
  return true
end

local function submitted_at(lane)
  return tonumber((string.match(lane.records[lane.at], '^[^|]*|[^|]*|[^|]*|(%d+)|')))
end

-- older picks, of two lanes of one priority that were set aside, the one whose head was submitted first.
local function older(a, b, n)
  local has_a, has_b = peek(a, n), peek(b, n)
  if has_a and has_b and submitted_at(b) < submitted_at(a) then return b end
  return has_a and a or b
end

-- take finds the lane at whose head stands the first task of a queue whose type is in types, setting others aside.
-- budget.n bounds how many.
local function take(q, types, n, budget)
  local i = 1
  while i <= #q.lanes do
    local lane = q.lanes[i]
    if lane.type then
      if types[lane.type] then
        local j = i + 1
        while q.lanes[j] and q.lanes[j].type and string.byte(q.lanes[j].name) == string.byte(lane.name) do
          if types[q.lanes[j].type] then lane = older(lane, q.lanes[j], n) end
          j = j + 1
        end
        if peek(lane, n) then return lane end
      end
      i = i + 1
    else
      local kind = peek(lane, n)
      while kind do
        if types[kind] then return lane end
        if not set_aside(q, lane.ids[lane.at], lane.name .. '@' .. kind) then
          lane.broken = true
          break
        end
        lane.at = lane.at + 1
        budget.n = budget.n - 1
        if budget.n <= 0 then return nil end
        kind = peek(lane, n)
      end
      -- What was just set aside is a lane before this one and handled by nobody here, or could not be: go on behind this lane.
      while q.lanes[i] ~= lane do i = i + 1 end
      i = i + 1
    end
  end
  return nil
end

-- give_back puts what was not used back on its lanes, and forgets the lanes and the queue that have nothing more.
local function give_back(q)
  local left = false
  for _, lane in ipairs(q.lanes) do
    local rest = {}
    for i = #lane.ids, lane.at, -1 do rest[#rest + 1] = lane.ids[i] end
    if #rest > 0 then many('LPUSH', lane.key, rest) end
    lane.left = #rest > 0 or not lane.emptied and redis.call('EXISTS', lane.key) == 1
    if lane.left or lane.broken then left = true else redis.call('SREM', K.lanes .. q.name, lane.name) end
  end
  if not left and redis.call('EXISTS', K.lanes .. q.name) == 0 then redis.call('SREM', K.backlog, q.name) end
end

-- has_more tells whether a side's queues have more that its workers could run. Those that were not opened may have.
local function has_more(side, queues)
  for _, of in ipairs(side.queues) do
    local q = queues[of.name]
    if not q then return true end
    for _, lane in ipairs(q.lanes) do
      if lane.left and not lane.broken and (not lane.type or side.types[lane.type]) then return true end
    end
  end
  return false
end
