// The rows of a shape with subqueries, kept as its tags tell. The official `Shape` does not follow tags, so
// sync.mjs uses this to see whether the server's moves add up.

export class TaggedRows {
  #rows = new Map()
  upToDate = false

  constructor(stream) {
    stream.subscribe((messages) => messages.forEach((message) => this.#take(message)))
  }

  get currentRows() {
    return [...this.#rows.values()].map((row) => row.value)
  }

  #take({ key, value, headers }) {
    if (headers.control === 'must-refetch') {
      this.#rows.clear()
      this.upToDate = false
    } else if (headers.control === 'up-to-date') {
      this.upToDate = true
    } else if (headers.event) {
      headers.patterns.forEach((pattern) => this.#move(headers.event === 'move-in', pattern))
    } else if (headers.operation === 'delete') {
      this.#rows.delete(key)
    } else if (headers.operation) {
      const known = this.#rows.get(key)
      if (headers.operation === 'update' && !known) throw new Error(`update of an unknown row: ${key}`)
      const tags = new Set(headers.operation === 'update' ? known.tags : [])
      headers.removed_tags?.forEach((tag) => tags.delete(tag))
      headers.tags.forEach((tag) => tags.add(tag))
      const merged = headers.operation === 'update' ? { ...known.value, ...value } : value
      this.#rows.set(key, { value: merged, tags, active: [...headers.active_conditions] })
    }
  }

  #move(into, { pos, value }) {
    for (const [key, row] of this.#rows) {
      if (![...row.tags].some((tag) => tag.split('/')[pos] === value)) continue
      row.active[pos] = into
      const holds = (tag) => tag.split('/').every((part, position) => part === '' || row.active[position])
      if (![...row.tags].some(holds)) this.#rows.delete(key)
    }
  }
}
