// The prompt that deletes a customer: it says how many groups the customer leaves.
import { customerPath, get } from '../api.js';
import { failed, toast } from '../overlay.js';
import { nameOf } from '../words/customers.js';
import { DELETE_CUSTOMER } from '../words/deletion.js';
import { deleteAfterAsking } from './remove.js';

// Answers whether the customer was deleted.
export async function deleteCustomer(customer) {
  const path = customerPath(customer.id);
  try {
    const { count } = await get(`${path}/customer-groups`, { limit: 0 });
    const named = { name: nameOf(customer), count };
    if (!await deleteAfterAsking(DELETE_CUSTOMER, named, path)) return false;
    toast(DELETE_CUSTOMER.done(named));
    return true;
  } catch (error) {
    failed(error);
    return false;
  }
}
