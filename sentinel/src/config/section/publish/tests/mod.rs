mod dns;
mod types;
