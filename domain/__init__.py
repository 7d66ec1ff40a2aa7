"""What is true about customer groups.

A *group* is a named segment of customers. A *member* is a customer in a group.
A *command* asks for a change; it is *refused*, changes nothing, or records *events*.
An event's *version* counts the events of its group from 1; its *position* counts events in the log.
A group's members are not part of the aggregate: the decision is told which of the requested
customers are members, and the event names exactly those that change.
An *undo* records events that take back a request's; nothing is ever taken out of the log.
Who acts (*actor*), in which request and for what *reason* stands in every event.
"""
