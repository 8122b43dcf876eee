-- start.lua: assigned -> running, and in a worker's turn pending -> running in one step. Leases are two strings a task: id and
-- record. What is odd stands beside them: three each, the number of a lease from 1, the state record of it and those behind it,
-- and its payload where it does not stand in the record.

local odd, leased = {}, nil
local function lease(leases, id, record, state, apart)
  local n, m, payload = #leases, #odd, apart and redis.call('HGET', K.payloads, id) or ''
  leases[n + 1], leases[n + 2] = id, record
  if state == leased and not apart then return end
  odd[m + 1], odd[m + 2], odd[m + 3] = n / 2 + 1, state, payload
  leased = state
end

local function stands_apart(record) return string.find(record, '^%d|[^|]*|[^|]*|%d+|%d+|%d+|%-|') ~= nil end

-- running_state counts the attempt; what it keeps of the record is the losses and the last error.
local function running_state(worker, state, assigned)
  local s = parse(state)
  return table.concat({ 'r', int(s.attempt + 1), int(s.losses), worker, int(s.due),
    assigned and int(s.assigned) or now_text, now_text, '0|0|', s.error }, '|')
end

-- has_lost tells whether a task has lost a worker. Beside it nothing is fetched ahead: of what began last, reclaim finds
-- the poison.
local function has_lost(state) return string.match(state, '^%a|%d+|(%d+)|') ~= '0' end

-- start begins up to want of the tasks that stand on the worker's list already, the oldest first. The started ones
-- stand before them, so only the end of the list is read. Returns how many it started, whether others wait
-- still, and whether one that it started has lost a worker.
local function start(holder, want, leases)
  local worker, waiting, suspect = holder.id, holder.assigned, false
  if waiting <= 0 or want <= 0 then return 0, waiting > 0, false end
  local ids = redis.call('LRANGE', K.processing .. worker, -waiting, math.min(want - waiting, 0) - 1)
  local records, states, values, queues = lookup(K.tasks, ids), lookup(K.state, ids), {}, {}
  for i, id in ipairs(ids) do
    if states[i] and string.byte(states[i]) == 97 and readable(records[i], states[i]) then
      local state, queue = running_state(worker, states[i], true), string.match(records[i], '^%d|([^|]*)|')
      values[#values + 1] = id
      values[#values + 1] = state
      suspect = suspect or has_lost(states[i])
      lease(leases, id, records[i], state, stands_apart(records[i]))
      queues[#queues + 1] = queue
    end
  end
  if #values > 0 then
    without_memory()
    many('HSET', K.state, values)
    holder.assigned, holder.running = waiting - #queues, holder.running + #queues
    for _, queue in ipairs(queues) do -- not before it is written: the turn goes on where this fails
      count(queue, 'a', -1)
      count(queue, 'r', 1)
    end
  end
  return #queues, waiting > #ids, suspect
end

-- claim lets assign start at once what it gives to this worker. Nothing may wait on the worker's list then, or it
-- would be overtaken. Only a task that was never started is fetched ahead: where the worker dies it is not known whether
-- it began, so it spends no attempt, and a suspect of poison must not hide in that.
local function claim(holder, want, ahead, leases)
  local worker, times = holder.id, '|0|' .. now_text .. '|' .. now_text .. '|0|'
  local first, fetched = 'r|1|0|' .. worker .. times .. '0||', 'r|1|0|' .. worker .. times .. AHEAD .. '||'
  local c = { id = worker, holder = holder, want = want, ahead = ahead, bytes = 4 * 1024 * 1024 } -- of payloads, ahead
  if holder.state == 'ready' then c.profile = holder.profile end
  c.start = function(id, record, state, apart)
    local running
    if c.want > 0 then
      c.want, running = c.want - 1, state and running_state(worker, state, false) or first
      if state and has_lost(state) then c.ahead = 0 end
    elseif state or c.ahead <= 0 or c.bytes <= 0 then
      return nil
    else
      c.ahead, running = c.ahead - 1, fetched
    end
    if not apart then
      lease(leases, id, record, running)
      return running
    end
    local fine, wrong = pcall(lease, leases, id, record, running, apart)
    if not fine then
      c.wrong = wrong
      return nil
    end
    c.bytes = c.bytes - #odd[#odd]
    return running
  end
  return c
end

-- begin notes that tasks which were fetched ahead have begun. begun holds {id, attempt} a task.
local function begin(worker, begun)
  local ids, values = {}, {}
  for i, b in ipairs(begun) do ids[i] = b[1] end
  for i, state in ipairs(lookup(K.state, ids)) do
    local head, attempt, holder, tail = string.match(state or '', '^(r|(%d+)|%d+|([^|]*)|%d+|%d+|%d+|%d+|)' .. AHEAD .. '(|.*)$')
    if holder == worker and attempt == begun[i][2] then
      values[#values + 1] = ids[i]
      values[#values + 1] = head .. '0' .. tail
    end
  end
  if #values > 0 then without_memory() end
  many('HSET', K.state, values)
end

-- adopt reads what runs on the list already: a worker that lost a reply compares it with what it knows. What has no state that
-- can be read is left for reclaim, and for people.
local function adopt(worker, leases)
  local ids = redis.call('LRANGE', K.processing .. worker, 0, -1)
  local records, states = lookup(K.tasks, ids), lookup(K.state, ids)
  for i, id in ipairs(ids) do
    if records[i] and states[i] and string.byte(states[i]) == 114 and string.find(states[i], readable_state) then
      lease(leases, id, records[i], states[i], stands_apart(records[i]))
    end
  end
end
