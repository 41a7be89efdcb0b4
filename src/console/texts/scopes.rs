//! What a key may do, in words that stand behind “allows” and in lists.

use crate::registry::caller::Scope;

pub fn es(scope: Scope) -> &'static str {
    match scope {
        Scope::FlowsRead => "ver flujos",
        Scope::FlowsWrite => "cambiar, crear o eliminar flujos",
        Scope::FlowsPublish => "publicar",
        Scope::FlowsTest => "probar flujos",
        Scope::FlowsRestore => "restaurar",
        Scope::AuditRead => "ver quién hizo qué",
        Scope::KeysManage => "gestionar las claves",
        Scope::AuditErase => "borrar contenido",
    }
}

pub fn en(scope: Scope) -> &'static str {
    match scope {
        Scope::FlowsRead => "looking at flows",
        Scope::FlowsWrite => "changing, creating or deleting flows",
        Scope::FlowsPublish => "publishing",
        Scope::FlowsTest => "testing flows",
        Scope::FlowsRestore => "restoring",
        Scope::AuditRead => "seeing who did what",
        Scope::KeysManage => "managing keys",
        Scope::AuditErase => "erasing content",
    }
}
