/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_flows.h"

void net_flows_init(NetFlows *flows, guint max, gint64 life)
{
	g_queue_init(&flows->queue);
	flows->max = max;
	flows->life = life;
}

void net_flows_add(NetFlows *flows, NetFlow *flow, gpointer owner)
{
	flow->used_at = g_get_monotonic_time();
	flow->link.data = owner;
	g_queue_push_tail_link(&flows->queue, &flow->link);
}

void net_flows_remove(NetFlows *flows, NetFlow *flow)
{
	g_queue_unlink(&flows->queue, &flow->link);
}

void net_flows_touch(NetFlows *flows, NetFlow *flow)
{
	g_queue_unlink(&flows->queue, &flow->link);
	net_flows_add(flows, flow, flow->link.data);
}

gpointer net_flows_late(const NetFlows *flows)
{
	GList *oldest = flows->queue.head;
	const NetFlow *flow = (const NetFlow *)oldest; /* link is its first */

	if (!oldest || (flows->queue.length < flows->max &&
			g_get_monotonic_time() - flow->used_at < flows->life))
		return NULL;
	return oldest->data;
}
