-- assign.lua: pending -> assigned, to the least-loaded worker that has room and handles queue and type.
-- assign(most) moves at most that many, and returns how many it moved and whether it stopped although there was more
-- to do. It is run by whoever makes work or room: submit, a worker's turn, the scheduler. A worker on its turn passes
-- a claim {id, want, start}: what it is given, it starts at once, by start(id, record, state) -> running state record.

-- A binary heap of workers by load.
local function sift_down(heap, i)
  while true do
    local least, left = i, 2 * i
    if heap[left] and heap[left].load < heap[least].load then least = left end
    if heap[left + 1] and heap[left + 1].load < heap[least].load then least = left + 1 end
    if least == i then return end
    heap[i], heap[least] = heap[least], heap[i]
    i = least
  end
end

local function drop_first(heap)
  heap[1] = heap[#heap]
  heap[#heap] = nil
  if heap[1] then sift_down(heap, 1) end
end

-- read_profile parses "default=1,critical=5;echo,sleep" into weights by queue and a set of types.
local function read_profile(text)
  local queues, types = {}, {}
  local names, kinds = string.match(text, '^([^;]*);(.*)$')
  for name, weight in string.gmatch(names, '([^,=]+)=(%d+)') do queues[name] = tonumber(weight) end
  for kind in string.gmatch(kinds, '[^,]+') do types[kind] = true end
  return queues, types
end

-- by_priority puts the urgent lanes first, and among equals what was set aside before what still waits behind it.
local function by_priority(a, b)
  local pa, pb = string.byte(a.name), string.byte(b.name)
  if pa ~= pb then return pa > pb end
  if (a.type == nil) ~= (b.type == nil) then return a.type ~= nil end
  return a.name < b.name
end

local function open_lane(queue, name)
  return { queue = queue, key = lane_key(queue, name), name = name, priority = string.sub(name, 1, 1),
    type = string.match(name, '@(.*)$'), ids = {}, at = 1 }
end

local function open_queue(name)
  local q = { name = name, lanes = {} }
  for _, lane in ipairs(redis.call('SMEMBERS', K.lanes .. name)) do q.lanes[#q.lanes + 1] = open_lane(name, lane) end
  table.sort(q.lanes, by_priority)
  return q
end

-- fill takes the next ids off a lane's head, with their records. What is not used goes back in give_back.
local function fill(lane, n)
  lane.ids, lane.at = redis.call('LPOP', lane.key, n) or {}, 1
  lane.emptied = #lane.ids < n
  if #lane.ids > 0 then
    lane.records, lane.states = lookup(K.tasks, lane.ids), lookup(K.state, lane.ids)
  end
end

-- live gives the type and time of submission of a task that may be taken from a lane, or nil for a dead entry (see
-- unlist): an id that was handed over before, has no record, another state than pending, or belongs on another lane.
-- One whose records cannot be read is put on a list of its own, for people to look at.
local handed = {}

local function live(lane, id, record, state)
  if handed[id] or not record then return nil end
  local priority, queue, kind, created = string.match(record, '^(%d)|([^|]*)|([^|]*)|(%d+)|%d+|%d+|[%d-]+|')
  if not priority or state and not string.find(state, readable_state) then
    put_aside(id, lane.queue, 'p')
    handed[id] = true
    return nil
  end
  if state and string.byte(state) ~= 112 then return nil end
  if priority ~= lane.priority or queue ~= lane.queue or lane.type and lane.type ~= kind then return nil end
  return kind, created
end

-- peek gives a lane's first live task, its type, state, record and time of submission; or nil, also where it met more
-- dead entries than one script should drop.
local dead, most_dead = 0, 2000
local function peek(lane, n)
  while true do
    if lane.at > #lane.ids then
      if lane.emptied then return nil end
      fill(lane, n)
      if #lane.ids == 0 then return nil end
    end
    local record, state = lane.records[lane.at], lane.states[lane.at]
    local kind, created = live(lane, lane.ids[lane.at], record, state)
    if kind then return lane.ids[lane.at], kind, state, record, tonumber(created) end
    lane.at, dead = lane.at + 1, dead + 1
    if dead > most_dead then return nil end
  end
end

local function set_aside(q, id, name)
  for _, lane in ipairs(q.lanes) do
    if lane.name == name then
      redis.call('RPUSH', lane.key, id)
      lane.emptied = false
      return
    end
  end
  local lane = open_lane(q.name, name)
  redis.call('RPUSH', lane.key, id)
  redis.call('SADD', K.lanes .. q.name, name)
  q.lanes[#q.lanes + 1] = lane
  table.sort(q.lanes, by_priority)
end

-- older picks, of two lanes of one priority that were set aside, the one whose head was submitted first.
local function older(a, b, n)
  local ia, _, _, _, created_a = peek(a, n)
  local ib, _, _, _, created_b = peek(b, n)
  if ia and ib and created_b < created_a then return b end
  return ia and a or b
end

-- take gives the first task of a queue whose type is in types, setting others aside. budget.n bounds how many.
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
        local id, _, state, record = peek(lane, n)
        if id then
          lane.at = lane.at + 1
          return id, state, record
        end
      end
      i = i + 1
    else
      local id, kind, state, record = peek(lane, n)
      while id do
        lane.at = lane.at + 1
        if types[kind] then return id, state, record end
        set_aside(q, id, lane.name .. '@' .. kind)
        budget.n = budget.n - 1
        if budget.n <= 0 then return nil end
        id, kind, state, record = peek(lane, n)
      end
      -- What was just set aside is a lane before this one and handled by nobody here: go on behind this lane.
      while q.lanes[i] ~= lane do i = i + 1 end
      i = i + 1
    end
  end
  return nil
end

local function give_back(q)
  for _, lane in ipairs(q.lanes) do
    local rest = {}
    for i = #lane.ids, lane.at, -1 do rest[#rest + 1] = lane.ids[i] end
    if #rest > 0 then many('LPUSH', lane.key, rest) end
    if lane.emptied and #rest == 0 then redis.call('SREM', K.lanes .. q.name, lane.name) end
  end
  if redis.call('EXISTS', K.lanes .. q.name) == 0 then redis.call('SREM', K.backlog, q.name) end
end

local function by_load(a, b) return a.load < b.load end

-- most_workers bounds the workers that one script gives something: each costs it seven commands.
local most_workers = 64

-- read_side gives a profile with its workers that have room and its queues that have work, or nil.
local function read_side(id, text, backlog, paused, most)
  local ranked = redis.call('ZRANGE', K.ready .. id, 0, math.min(math.max(most, 8), most_workers + 1) - 1, 'WITHSCORES')
  if #ranked == 0 then return nil end
  local weights, types = read_profile(text)
  local side = { types = types, heap = {}, queues = {}, weight = 0 }
  for _, name in ipairs(backlog) do
    local weight = weights[name] or weights['*']
    if weight and not paused[name] then
      side.queues[#side.queues + 1] = { name = name, weight = weight }
      side.weight = side.weight + weight
    end
  end
  if #side.queues == 0 then return nil end
  for i = 1, #ranked, 2 do
    local load = math.floor(tonumber(ranked[i + 1]) * 1e4) / 1e4 + math.random() * 1e-6 -- ties anew, each time
    side.heap[#side.heap + 1] = { id = ranked[i], load = load, ids = {}, values = {}, started = 0 }
  end
  table.sort(side.heap, by_load)
  return side
end

-- pick draws one of a side's queues by weight.
local function pick(side)
  if #side.queues == 1 then return 1 end
  local at = math.random() * side.weight
  for i, q in ipairs(side.queues) do
    at = at - q.weight
    if at < 0 then return i end
  end
  return #side.queues
end

-- close_queue: a side found nothing more for its workers there.
local function close_queue(side, at)
  side.weight = side.weight - side.queues[at].weight
  table.remove(side.queues, at)
  if #side.queues == 0 then side.heap = {} end
end

-- room_of reads a worker's room, once and before anything is taken for it; false where it has none.
local function room_of(worker)
  if worker.slots then return true end
  local w = redis.call('HMGET', K.status .. worker.id, 'slots', 'prefetch', 'assigned', 'running', 'profile')
  if not w[5] then return false end
  worker.slots, worker.room, worker.profile = tonumber(w[1]), tonumber(w[2]), w[5]
  worker.busy = tonumber(w[3]) + tonumber(w[4])
  return worker.busy < worker.slots + worker.room
end

local function assigned_state(worker, state)
  if not state then return 'a|0|0|' .. worker .. '|0|' .. now_text .. '|0|0|0||' end
  local s = parse(state)
  return table.concat({ 'a', int(s.attempt), int(s.losses), worker, int(s.due), now_text, '0|0|0|', s.error }, '|')
end

-- hand_over gives a task to a worker; it returns the code of the state in which it is then.
local function hand_over(worker, id, record, state, claim)
  local values, code = worker.values, 'a'
  handed[id] = true
  values[#values + 1] = id
  if claim and claim.id == worker.id and claim.want > 0 then
    values[#values + 1] = claim.start(id, record, state)
    claim.want, worker.started, code = claim.want - 1, worker.started + 1, 'r'
  else
    values[#values + 1] = assigned_state(worker.id, state)
  end
  worker.ids[#worker.ids + 1] = id
  worker.busy = worker.busy + 1
  worker.load = worker.busy / worker.slots
  return code
end

local function write_assigned(worker)
  local status = K.status .. worker.id
  many('HSET', K.state, worker.values)
  many('RPUSH', K.processing .. worker.id, worker.ids)
  if worker.started > 0 then redis.call('HINCRBY', status, 'running', worker.started) end
  local waiting = #worker.ids - worker.started
  if waiting > 0 then
    redis.call('HINCRBY', status, 'assigned', waiting)
    if redis.call('EXISTS', K.inbox .. worker.id) == 0 then redis.call('RPUSH', K.inbox .. worker.id, 'work') end
  end
  set_load(worker.id, worker.profile, 'ready', worker.slots, worker.room, worker.busy)
end

local function least_loaded(sides)
  local best
  for _, side in ipairs(sides) do
    local first = side.heap[1]
    if first and (not best or first.load < best.heap[1].load) then best = side end
  end
  return best
end

local function read_sides(most)
  local backlog = redis.call('SMEMBERS', K.backlog)
  if #backlog == 0 then return {} end
  local profiles, paused, sides = redis.call('HGETALL', K.profiles), {}, {}
  for _, name in ipairs(redis.call('HKEYS', K.paused)) do paused[name] = true end
  for i = 1, #profiles, 2 do
    sides[#sides + 1] = read_side(profiles[i], profiles[i + 1], backlog, paused, most)
  end
  return sides
end

local function assign(most, claim)
  local sides = read_sides(most)
  if #sides == 0 then return 0, false end
  local queues, touched, budget, moved = {}, {}, { n = 256 }, 0
  local crowd = 0
  local best = least_loaded(sides)
  while best and moved < most and budget.n > 0 do
    local worker, at = best.heap[1], pick(best)
    if not worker.slots then
      if crowd == most_workers then break end
      crowd = crowd + 1
    end
    local name = best.queues[at].name
    queues[name] = queues[name] or open_queue(name)
    local roomy, id, state, record = room_of(worker), nil, nil, nil
    if roomy then id, state, record = take(queues[name], best.types, math.min(most - moved, 64), budget) end
    if id then
      count(name, hand_over(worker, id, record, state, claim), 1)
      count(name, 'p', -1)
      touched[worker.id] = worker
      moved = moved + 1
      if worker.busy < worker.slots + worker.room then sift_down(best.heap, 1) else drop_first(best.heap) end
    elseif not roomy then
      drop_first(best.heap)
    else
      close_queue(best, at)
    end
    best = least_loaded(sides)
  end
  for _, worker in pairs(touched) do write_assigned(worker) end
  for _, q in pairs(queues) do give_back(q) end
  return moved, best ~= nil or budget.n <= 0 or dead > most_dead
end
