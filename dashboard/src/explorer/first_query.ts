// What the explorer opens with: a query that answers at once, and how to make it live.

export const FIRST_QUERY = `# The live numbers of this server. Ctrl-Enter (or the button) runs what stands here.
# The book symbol at the left opens the documentation of every field.

query Now {
  realTimeMetrics {
    asOf
    activeSessions
    openSessions
    messagesPerMinute
    windows {
      windowMs
      messagesPerMinute
      complete
    }
  }
  stream {
    state
    lagMs
    gapsTotal
  }
}

# The same, pushed twice a second.

subscription Live {
  live(intervalMs: 500) {
    realTimeMetrics {
      asOf
      activeSessions
      messagesPerMinute
    }
  }
}
`;
