import { onCreate } from '@backside/jobs/functions';

/** Each new order is given its total, once, whatever crashes meanwhile. */
export const totalled = onCreate('/orders/{id}', async ({ params, after }, { database }) => {
  await database.update(`/orders/${params.id}`, { total: after.price * after.count });
});
