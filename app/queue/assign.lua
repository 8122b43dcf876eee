-- assign.lua: pending -> assigned, to the least-loaded worker that has room and handles queue and type.
-- assign(most) moves at most that many, and returns how many it moved, whether it stopped although there was more to do, and
-- what went wrong (ready.lua). It is run by whoever makes work or room: submit, a worker's turn, the scheduler. A worker on
-- its turn passes a claim {id, profile, want, ahead, start, holder}: what it is given, want and ahead of it, it starts at
-- once, by start(id, record, state, apart) -> running state record, or nil where it may not be fetched ahead or, with the
-- claim's wrong, cannot be read. holder is what its turn knows of it: slots, room, profile, and the counters assigned and
-- running, which the turn writes.

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

local function by_load(a, b) return a.load < b.load end

-- most_workers bounds the workers that one script gives something: each costs it four commands.
local most_workers = 64

local function new_worker(id, load) return { id = id, load = load, ids = {}, started = 0 } end

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
    if not claims or ranked[i] ~= claim.id then
      local load = math.floor(tonumber(ranked[i + 1]) * 1e4) / 1e4 + random() * 1e-6 -- ties anew, each time
      side.heap[#side.heap + 1] = new_worker(ranked[i], load)
    end
  end
  if claims then -- what it finished is not in the list yet
    side.heap[#side.heap + 1] = new_worker(claim.id, load_of(claim.holder.assigned + claim.holder.running, claim.holder.slots))
  end
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
  local claims = claim and claim.id == worker.id
  local w = claims and claim.holder or read_holder(worker.id)
  if not w.profile then return false end
  worker.slots, worker.room, worker.profile = w.slots, w.room, w.profile
  worker.busy = w.assigned + w.running
  worker.most = worker.slots + worker.room
  if claims then worker.most = math.max(worker.most, worker.busy + claim.want + claim.ahead) end
  return worker.busy < worker.most
end

local function assigned_state(worker, state)
  if not state then return 'a|0|0|' .. worker .. '|0|' .. now_text .. '|0|0|0||' end
  local s = parse(state)
  return table.concat({ 'a', int(s.attempt), int(s.losses), worker, int(s.due), now_text, '0|0|0|', s.error }, '|')
end

local values = {} -- of all that is moved: id, state record

-- hand_over gives a worker the task at a lane's head, and counts it for its queue; where alone says that nobody else has
-- room and nothing else comes first, those behind it too, up to most. Returns how many.
local function hand_over(q, lane, worker, types, claim, alone, most)
  local ids, from, at = worker.ids, lane.at, lane.at
  local claims = claim and claim.id == worker.id
  local starts = claims and claim.want + claim.ahead > 0
  if claims and not starts and worker.busy >= worker.slots + worker.room then return 0 end
  local full = starts and worker.most or worker.slots + worker.room
  local room = alone and math.min(most, full - worker.busy) or 1
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

-- take_from takes back what a worker was given whose key holds no list. It goes back by flush. Nothing more comes to it until
-- it shows up by a turn or a heartbeat.
local function take_from(worker)
  local refused, kept = {}, {}
  for i, record in ipairs(lookup(K.tasks, worker.ids)) do
    local h = header(record)
    count(h.queue, i <= worker.started and 'r' or 'a', -1)
    enqueue(worker.ids[i], h.queue, h.priority, true)
    refused[worker.ids[i]] = true
  end
  for i = 1, #values, 2 do
    if not refused[values[i]] then kept[#kept + 1], kept[#kept + 2] = values[i], values[i + 1] end
  end
  values = kept
  redis.call('ZREM', K.ready .. worker.profile, worker.id)
end

-- list_moves puts what the workers were given onto their lists, and returns how many. What the worker that claims was given
-- must not reach it where that fails: wrong is Redis's word for it.
local function list_moves(touched, claim)
  local moved, wrong = 0, nil
  for id, worker in pairs(touched) do
    local fine, refused = pcall(many, 'RPUSH', K.processing .. id, worker.ids)
    if fine then
      moved = moved + #worker.ids
    else
      if claim and claim.id == id then wrong = refused else broken = caught(refused) end
      touched[id] = nil
      take_from(worker)
    end
  end
  return moved, wrong
end

-- write_moves writes what the workers were given, and returns what list_moves does. A worker is told by a token, of which one
-- is enough.
local function write_moves(touched, claim)
  local moved, wrong = list_moves(touched, claim)
  many('HSET', K.state, values)
  values = {}
  local open, full = {}, {} -- by profile: load, worker, of those who can take more, and the others
  for _, worker in pairs(touched) do
    local waiting, inbox = #worker.ids - worker.started, K.inbox .. worker.id
    local tokens = waiting > 0 and redis.pcall('RPUSH', inbox, 'work')
    if type(tokens) == 'number' and tokens > 1 then redis.call('RPOP', inbox) end
    if claim and claim.id == worker.id then
      local holder = claim.holder
      holder.assigned, holder.running = holder.assigned + waiting, holder.running + worker.started
    else
      redis.call('HINCRBY', K.status .. worker.id, 'assigned', waiting)
      local list = worker.busy < worker.most and open or full
      list[worker.profile] = list[worker.profile] or {}
      if list == open then table.insert(open[worker.profile], load_of(worker.busy, worker.slots)) end
      table.insert(list[worker.profile], worker.id)
    end
  end
  for profile, loads in pairs(open) do many('ZADD', K.ready .. profile, loads) end
  for profile, workers in pairs(full) do many('ZREM', K.ready .. profile, workers) end
  return moved, wrong
end

local function least_loaded(sides)
  local best
  for _, side in ipairs(sides) do
    local first = side.heap[1]
    if first and (not best or first.load < best.heap[1].load) then best = side end
  end
  return best
end

local function read_sides(most, claim, backlog)
  local profiles, paused, sides = redis.call('HGETALL', K.profiles), {}, {}
  for _, name in ipairs(redis.call('HKEYS', K.paused)) do paused[name] = true end
  for i = 1, #profiles, 2 do
    sides[#sides + 1] = read_side(profiles[i], profiles[i + 1], backlog, paused, most, claim)
  end
  return sides
end

-- deal gives what stands on the queues' lanes to the workers of sides. What it took and gave stands in dealt.
local function deal(sides, most, claim, dealt)
  local queues, budget, crowd, best = dealt.queues, dealt.budget, 0, least_loaded(sides)
  while best and dealt.moved < most and budget.n > 0 do
    local worker, at = best.heap[1], pick(best)
    if not worker.slots then
      if crowd == most_workers then break end
      crowd = crowd + 1
    end
    local name = best.queues[at].name
    queues[name] = queues[name] or open_queue(name)
    local q, lane = queues[name], nil
    local roomy, left = room_of(worker, claim), most - dealt.moved
    if roomy then lane = take(q, best.types, math.min(left, 64), budget) end
    if lane then
      local alone = #sides == 1 and #best.heap == 1 and #best.queues == 1 and not lane.type
      local n = hand_over(q, lane, worker, best.types, claim, alone, left)
      if n > 0 then dealt.touched[worker.id] = worker end
      dealt.moved = dealt.moved + n
      if n > 0 and worker.busy < worker.most then sift_down(best.heap, 1) else drop_first(best.heap) end
    elseif not roomy then
      drop_first(best.heap)
    else
      close_queue(best, at)
    end
    best = least_loaded(sides)
  end
end

local function assign_now(most, claim, backlog)
  local sides = read_sides(most, claim, backlog)
  if #sides == 0 then return 0, false end
  local dealt = { queues = {}, touched = {}, budget = { n = 256 }, moved = 0 }
  local fine, wrong = pcall(deal, sides, most, claim, dealt)
  local moved, refused = 0, nil
  if dealt.moved > 0 then moved, refused = write_moves(dealt.touched, claim) end -- also where it was stopped
  for _, q in pairs(dealt.queues) do
    give_back(q)
    if q.started > 0 then count(q.name, 'r', q.started) end
    if q.assigned > 0 then count(q.name, 'a', q.assigned) end
    if q.started + q.assigned > 0 then count(q.name, 'p', -q.started - q.assigned) end
  end
  flush() -- behind what was given back it would be overtaken
  local more = dealt.budget.n <= 0 or dead > most_dead
  for _, side in ipairs(sides) do more = more or side.heap[1] ~= nil and has_more(side, dealt.queues) end
  return moved, more, not fine and wrong or refused or claim and claim.wrong, broken
end
