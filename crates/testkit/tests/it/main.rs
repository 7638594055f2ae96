//! What concerns the whole house: who may depend on whom, the full flow through three programs, real clients, documents
//! that must stay true.

mod architecture;
mod documents;
mod full_flow;
mod openidconnect_client;
mod real_clients;
