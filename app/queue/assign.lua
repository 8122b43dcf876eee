-- assign.lua: pending -> assigned, to the least-loaded worker that has room and handles queue and type.
-- assign(most) moves at most that many, and returns how many it moved and whether it stopped although there was more
-- to do. It is run by whoever makes work or room: submit, a worker's turn, the scheduler. A worker on its turn passes
-- a claim {id, profile, want, ahead, start}: what it is given, want and ahead of it, it starts at once, by start(id, record,
-- state, apart) -> running state record, or nil where it may not be fetched ahead.

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
-- cannot be read is put on a list of its own, for people to look at.
local handed = {}

local function kind_of(lane, id, record, state)
  if not record then return nil end
  local here = string.sub(record, 1, #lane.head) == lane.head
  local kind, length
  if here then kind, length = string.match(record, '^([^|]*)|%d+|%d+|%d+|([%d-]+)|', #lane.head + 1) end
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
  return kind, length == '-'
end

-- fill takes the next ids off a lane's head, and keeps the live ones with their records. What is not used goes back in
-- give_back.
local dead, most_dead = 0, 2000

local function fill(lane, n)
  local ids = redis.call('LPOP', lane.key, n) or {}
  local popped = #ids
  lane.emptied = popped < n
  local records, states = lookup(K.tasks, ids), lookup(K.state, ids)
  local kinds, apart, k = {}, {}, 0
  for i, id in ipairs(ids) do
    local kind, large = kind_of(lane, id, records[i], states[i])
    if kind then
      k = k + 1
      kinds[k], apart[k] = kind, large
      if k < i then ids[k], records[k], states[k] = id, records[i], states[i] end
    end
  end
  for i = k + 1, popped do ids[i], records[i], states[i] = nil, nil, nil end
  dead = dead + popped - k
  lane.at, lane.ids, lane.kinds, lane.apart, lane.records, lane.states = 1, ids, kinds, apart, records, states
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
        set_aside(q, lane.ids[lane.at], lane.name .. '@' .. kind)
        lane.at = lane.at + 1
        budget.n = budget.n - 1
        if budget.n <= 0 then return nil end
        kind = peek(lane, n)
      end
      -- What was just set aside is a lane before this one and handled by nobody here: go on behind this lane.
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
    if lane.left then left = true else redis.call('SREM', K.lanes .. q.name, lane.name) end
  end
  if not left and redis.call('EXISTS', K.lanes .. q.name) == 0 then redis.call('SREM', K.backlog, q.name) end
end

-- has_more tells whether a side's queues have more that its workers could run. Those that were not opened may have.
local function has_more(side, queues)
  for _, of in ipairs(side.queues) do
    local q = queues[of.name]
    if not q then return true end
    for _, lane in ipairs(q.lanes) do
      if lane.left and (not lane.type or side.types[lane.type]) then return true end
    end
  end
  return false
end

local function by_load(a, b) return a.load < b.load end

-- most_workers bounds the workers that one script gives something: each costs it seven commands.
local most_workers = 64

local function new_worker(id, load) return { id = id, load = load, ids = {}, values = {}, started = 0 } end

-- read_side gives a profile with its workers that have room and its queues that have work, or nil. A worker that claims
-- may fetch ahead although it has no room: it comes behind those that have.
local function read_side(id, text, backlog, paused, most, claim)
  local ranked = redis.call('ZRANGE', K.ready .. id, 0, math.min(math.max(most, 8), most_workers + 1) - 1, 'WITHSCORES')
  local claims = claim and claim.profile == id
  if #ranked == 0 and not claims then return nil end
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
    local load = math.floor(tonumber(ranked[i + 1]) * 1e4) / 1e4 + random() * 1e-6 -- ties anew, each time
    side.heap[#side.heap + 1] = new_worker(ranked[i], load)
    if claims and ranked[i] == claim.id then claims = false end
  end
  if claims then side.heap[#side.heap + 1] = new_worker(claim.id, 1) end
  table.sort(side.heap, by_load)
  return side
end

-- pick draws one of a side's queues by weight.
local function pick(side)
  if #side.queues == 1 then return 1 end
  local at = random() * side.weight
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
local function room_of(worker, claim)
  if worker.slots then return true end
  local w = redis.call('HMGET', K.status .. worker.id, 'slots', 'prefetch', 'assigned', 'running', 'profile')
  if not w[5] then return false end
  worker.slots, worker.room, worker.profile = tonumber(w[1]), tonumber(w[2]), w[5]
  worker.busy = tonumber(w[3]) + tonumber(w[4])
  worker.most = worker.slots + worker.room
  if claim and claim.id == worker.id then worker.most = math.max(worker.most, worker.busy + claim.want + claim.ahead) end
  return worker.busy < worker.most
end

local function assigned_state(worker, state)
  if not state then return 'a|0|0|' .. worker .. '|0|' .. now_text .. '|0|0|0||' end
  local s = parse(state)
  return table.concat({ 'a', int(s.attempt), int(s.losses), worker, int(s.due), now_text, '0|0|0|', s.error }, '|')
end

-- hand_over gives a worker the task at a lane's head, and counts it for its queue; where alone says that nobody else has
-- room and nothing else comes first, those behind it too, up to most. Returns how many.
local function hand_over(q, lane, worker, types, claim, alone, most)
  local ids, values, from, at = worker.ids, worker.values, lane.at, lane.at
  local room = alone and math.min(most, worker.most - worker.busy) or 1
  local starts = claim and claim.id == worker.id and claim.want + claim.ahead > 0
  if starts then room = math.min(room, claim.want + claim.ahead) end
  while at < from + room do
    local id, state, n = lane.ids[at], lane.states[at], #values
    if id == nil or handed[id] or not types[lane.kinds[at]] then break end
    local value = starts and claim.start(id, lane.records[at], state, lane.apart[at]) or not starts and
      assigned_state(worker.id, state)
    if not value then break end
    handed[id] = true
    ids[#ids + 1], values[n + 1], values[n + 2] = id, id, value
    at = at + 1
  end
  local moved = at - from
  lane.at, worker.busy = at, worker.busy + moved
  worker.load = worker.busy / worker.slots
  if starts then
    worker.started, q.started = worker.started + moved, q.started + moved
  else
    q.assigned = q.assigned + moved
  end
  return moved
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

local function read_sides(most, claim)
  local backlog = redis.call('SMEMBERS', K.backlog)
  if #backlog == 0 then return {} end
  local profiles, paused, sides = redis.call('HGETALL', K.profiles), {}, {}
  for _, name in ipairs(redis.call('HKEYS', K.paused)) do paused[name] = true end
  for i = 1, #profiles, 2 do
    sides[#sides + 1] = read_side(profiles[i], profiles[i + 1], backlog, paused, most, claim)
  end
  return sides
end

local function assign_now(most, claim)
  local sides = read_sides(most, claim)
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
    local q, lane = queues[name], nil
    local roomy = room_of(worker, claim)
    if roomy then lane = take(q, best.types, math.min(most - moved, 64), budget) end
    if lane then
      local alone = #sides == 1 and #best.heap == 1 and #best.queues == 1 and not lane.type
      touched[worker.id] = worker
      local n = hand_over(q, lane, worker, best.types, claim, alone, most - moved)
      moved = moved + n
      if n > 0 and worker.busy < worker.most then sift_down(best.heap, 1) else drop_first(best.heap) end
    elseif not roomy then
      drop_first(best.heap)
    else
      close_queue(best, at)
    end
    best = least_loaded(sides)
  end
  for _, worker in pairs(touched) do write_assigned(worker) end
  for _, q in pairs(queues) do
    give_back(q)
    if q.started > 0 then count(q.name, 'r', q.started) end
    if q.assigned > 0 then count(q.name, 'a', q.assigned) end
    if q.started + q.assigned > 0 then count(q.name, 'p', -q.started - q.assigned) end
  end
  return moved, best ~= nil and has_more(best, queues) or budget.n <= 0 or dead > most_dead
end
